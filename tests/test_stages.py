from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.items import WorkflowItem
from n8n_scraper.stages import decided, failed_stage, is_refused, note_outcome, waits_for_stages

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("columns", "inventory", "status"),
    [
        ({"layer3_status": "ok"}, [{"url": "x"}], None),
        ({"layer3_status": "ok"}, [], "missing"),
        ({"layer3_status": "failed"}, [{"url": "x"}], None),
        ({"layer3_status": "failed"}, None, "failed"),
        ({"layer3_status": "blocked"}, None, "blocked"),
        ({"layer3_status": "disallowed"}, None, "disallowed"),
        ({"layer3_status": "missing"}, None, "missing"),
        ({"layer3_status": "gone", "gone_at": NOW}, [{"url": "x"}], "gone"),
    ],
)
def test_what_needs_no_asking(columns: dict[str, Any], inventory: list[Any] | None, status: str | None) -> None:
    assert decided(WorkflowItem(id=1, **columns), inventory) == status


FAILURE = UnusableAnswer("timeout", "1 of 2 images: no answer in time")


@pytest.mark.parametrize(
    ("before", "failure", "after"),
    [
        ((None, None), None, (None, None)),
        ((None, None), FAILURE, ("timeout", "media: 1 of 2 images: no answer in time")),
        (("server", "status 500"), FAILURE, ("server", "status 500")),
        (("server", "status 500"), None, ("server", "status 500")),
        (("network", "media: 2 of 2 images: x"), None, (None, None)),
        (("network", "media: 2 of 2 images: x"), FAILURE, ("timeout", "media: 1 of 2 images: no answer in time")),
        (("network", "transcripts: x"), FAILURE, ("network", "transcripts: x")),
    ],
)
def test_a_stage_tells_its_failure_and_hides_no_other(
    before: tuple[str | None, str | None], failure: UnusableAnswer | None, after: tuple[str | None, str | None]
) -> None:
    item = WorkflowItem(id=1, error_kind=before[0], error=before[1])
    note_outcome(item, "media", "failed" if failure else "ok", failure)
    assert (item.error_kind, item.error) == after
    assert failed_stage(item) == (after[1].partition(": ")[0] if after[1] and ": " in after[1] else None)


def test_who_waits_and_who_refused() -> None:
    item = WorkflowItem(id=1, media_status="failed")
    assert waits_for_stages(item, ("media", "transcripts"))
    assert not waits_for_stages(item, ("media",))
    assert not is_refused(item)
    assert is_refused(WorkflowItem(id=1, transcripts_status="blocked"))
    assert is_refused(WorkflowItem(id=1, error_kind="blocked"))
