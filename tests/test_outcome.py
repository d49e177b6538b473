"""What a run got, by what it saw: an outcome table."""

from __future__ import annotations

import pytest

from n8n_scraper.items import WorkflowItem
from n8n_scraper.outcome import Outcome, outcome, outcome_of

OK, LOST = ("ok", "ok", "ok"), ("failed", "failed", "failed")


@pytest.mark.parametrize(
    ("layers", "stages", "kind", "expected"),
    [
        (OK, (), None, Outcome("complete", None, is_failed=False)),
        (("ok", "missing", "skipped"), (None, None), None, Outcome("complete", None, is_failed=False)),
        (("gone",) * 3, ("gone",), "gone", Outcome("gone", "gone", is_failed=False)),
        (LOST, (), "server", Outcome("failed", "server", is_failed=True)),
        (("blocked",) * 3, (), "blocked", Outcome("failed", "blocked", is_failed=True)),
        (("ok", "failed", "ok"), (), "timeout", Outcome("partial", "timeout", is_failed=True)),
        (("ok", "disallowed", "ok"), (), None, Outcome("partial", None, is_failed=False)),
        (OK, ("failed",), "network", Outcome("partial", "network", is_failed=True)),
        (("skipped",) * 3, ("ok",), None, Outcome("complete", None, is_failed=False)),
        (("skipped",) * 3, ("failed",), None, Outcome("failed", None, is_failed=True)),
        (OK, (), "internal", Outcome("failed", "internal", is_failed=True)),
    ],
)
def test_what_a_run_got(
    layers: tuple[str, ...], stages: tuple[str | None, ...], kind: str | None, expected: Outcome
) -> None:
    assert outcome(layers, stages, kind) == expected


def test_a_good_row_of_an_earlier_run_does_not_hide_that_this_one_failed() -> None:
    item = WorkflowItem(
        id=1,
        crawl_status="complete",
        layer1_status="ok",
        layer2_status="ok",
        layer3_status="ok",
        media_status="ok",
        error_kind="server",
        error="status 500",
        seen=dict.fromkeys((1, 2, 3), "failed"),
    )
    assert outcome_of(item, ()) == Outcome("failed", "server", is_failed=True)


def test_a_bad_row_of_an_earlier_run_is_not_the_fault_of_one_that_did_nothing_but_stages() -> None:
    row = {"id": 1, "crawl_status": "partial", "media_status": "ok", "error_kind": "server", "error": "status 500"}
    assert outcome_of(WorkflowItem(**row), ("media",)) == Outcome("complete", None, is_failed=False)
    ours = {**row, "media_status": "failed", "error_kind": "network", "error": "media: no connection"}
    assert outcome_of(WorkflowItem(**ours), ("media",)) == Outcome("failed", "network", is_failed=True)
