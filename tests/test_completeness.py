"""Which columns must be filled, and what counts as filled."""

from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.completeness import BOOKKEEPING, MUST_HAVE, expected_columns, filled_columns, is_filled
from n8n_scraper.items import COLUMN_NAMES, WorkflowItem


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        ("", False),
        (" \n", False),
        ([], False),
        ({}, False),
        (0, True),
        (0.0, True),
        (False, True),
        ([0], True),
    ],
)
def test_zero_and_false_are_values(value: Any, expected: bool) -> None:
    assert is_filled(value) is expected


def item(source: str | None, *statuses: str) -> WorkflowItem:
    layer1, layer2, layer3 = statuses
    return WorkflowItem(id=1, source=source, layer1_status=layer1, layer2_status=layer2, layer3_status=layer3)


@pytest.mark.parametrize(
    ("row", "not_expected"),
    [
        (item("api", "ok", "ok", "ok"), set()),
        (item("api", "ok", "missing", "missing"), set()),
        (item("api", "ok", "skipped", "skipped"), {"workflow", "node_count", "description"}),
        (item("api", "ok", "skipped", "ok"), {"workflow", "node_count"}),
        (item("api", "ok", "ok", "skipped"), {"description"}),
        (item("page", "ok", "disallowed", "ok"), {"created_at", "views", "workflow", "node_count"}),
        (item(None, "failed", "failed", "failed"), set(MUST_HAVE)),
    ],
)
def test_only_what_was_asked_and_what_the_source_has_is_expected(row: WorkflowItem, not_expected: set[str]) -> None:
    assert set(expected_columns(row)) == set(MUST_HAVE) - not_expected


def test_every_name_is_a_column() -> None:
    assert MUST_HAVE.keys() | BOOKKEEPING <= set(COLUMN_NAMES)
    assert filled_columns(WorkflowItem(id=1, name="", views=0)) == ["id", "views"]
