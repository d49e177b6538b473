from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from n8n_scraper.export.conform import row_conformer
from n8n_scraper.items import Column

UTC = timezone.utc
SUMMER = timezone(timedelta(hours=2))


def conform(type_: str, value: Any) -> tuple[Any, int]:
    counted: list[str] = []
    row = row_conformer([Column("c", type_, "derived", "")], counted.append)([value])
    assert set(counted) <= {"c"}
    return row[0], len(counted)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("int", -(2**63), -(2**63)),
        ("int", 3.0, 3),
        ("number", 1, 1.0),
        ("bool", False, False),
        ("text", "", ""),
        ("timestamp", datetime(2026, 1, 1, 2, tzinfo=SUMMER), datetime(2026, 1, 1, tzinfo=UTC)),
        ("timestamp", datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),
        ("object", {"a": 1}, '{"a":1}'),
        ("object", '{"a": 1.0}', '{"a": 1.0}'),
        ("list<text>", ("a", None), ["a", None]),
        ("map<text,int>", {"b": 1, "a": None}, {"b": 1, "a": None}),
        ("{a, b int}", {"b": 1, "more": 2}, {"a": None, "b": 1}),
    ],
)
def test_what_fits_is_kept(type_: str, value: Any, expected: Any) -> None:
    assert conform(type_, value) == (expected, 0)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("int", 2**63, None),
        ("int", "1", None),
        ("int", True, None),
        ("int", 1.5, None),
        ("int", math.inf, None),
        ("number", math.nan, None),
        ("number", "1.5", None),
        ("number", True, None),
        ("bool", 1, None),
        ("text", 1, None),
        ("text", "a\x00\ud800", "a\ufffd\ufffd"),
        ("timestamp", "2026-01-01", None),
        ("object", {"a": object()}, None),
        ("object", r'{"a": "\u0000"}', '{"a": "\ufffd"}'),
        ("list<text>", "text", None),
        ("list<text>", ["a", 1], ["a", None]),
        ("list<{a}>", [{"a": 1}, "x"], [{"a": None}, None]),
        ("map<text,int>", ["a"], None),
        ("map<text,int>", {"a\x00": 1}, {"a\ufffd": 1}),
    ],
)
def test_what_does_not_fit_is_put_out_and_counted(type_: str, value: Any, expected: Any) -> None:
    changed, count = conform(type_, value)
    assert changed == expected
    assert count >= 1
