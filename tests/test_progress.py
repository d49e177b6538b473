"""How far a run is: a table of what comes in and what is told, with a clock of its own."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from n8n_scraper.items import WorkflowItem
from n8n_scraper.outcome import Outcome
from n8n_scraper.progress import Breaker, Checkpoint, Limiter, Meter, Tally, duration

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
CAME = Outcome("complete", None, is_failed=False)
NAMES = [
    *("checkpoint_id", "total_workflows", "processed", "successful", "failed", "remaining", "avg_time", "eta_seconds"),
    *("last_workflow_id", "timestamp", "limiter", "breaker"),
]


def taken(tally: Tally, now: float, total: int = 10, **limiter: object) -> Checkpoint:
    return tally.checkpoint(now, NOW, total=total, limiter=Limiter(**limiter), breaker=Breaker())  # type: ignore[arg-type]  # another type, on purpose


def test_a_checkpoint_has_the_names_of_the_contract_in_their_order() -> None:
    document = taken(Tally(), 0).as_json()
    assert list(document) == NAMES
    assert document["timestamp"] == "2026-11-23T12:00:00Z"


def test_gone_is_successful_and_told_apart_and_what_failed_is_not() -> None:
    tally = Tally()
    rows = [("complete", None), ("gone", "gone"), ("failed", "server"), ("partial", "blocked"), ("failed", "timeout")]
    for id, (status, kind) in enumerate(rows, start=1):
        got = Outcome(status, kind, kind not in {None, "gone"})
        tally.count(WorkflowItem(id=id, crawl_status="complete", error_kind=kind), got, 0)
    now = taken(tally, 1, total=8)
    assert (now.processed, now.successful, now.failed, now.remaining, now.last_workflow_id) == (5, 2, 3, 3, 5)
    assert now.outcomes.statuses == {"complete": 1, "partial": 1, "gone": 1, "failed": 2}, "whatever their rows keep"
    assert now.outcomes.failures == {"blocked": 1, "server": 1, "timeout": 1}


def test_quality_so_far_is_of_what_this_run_brought() -> None:
    tally = Tally()
    tally.count(WorkflowItem(id=1, source="api", quality_score=90.0, quality_band="excellent"), CAME, 0)
    tally.count(WorkflowItem(id=2, source="page", quality_score=30.0, quality_band="poor"), CAME, 0)
    tally.count(WorkflowItem(id=3, crawl_status="gone"), Outcome("gone", "gone", is_failed=False), 0)
    tally.count(WorkflowItem(id=4, quality_score=10.0, quality_band="poor"), Outcome("failed", "server", True), 0)
    outcomes = taken(tally, 1).outcomes
    assert (outcomes.quality_mean, outcomes.quality_bands) == (60.0, {"excellent": 1, "poor": 1})


def run(tally: Tally, start: int, seconds: int, per_second: int) -> None:
    for second in range(start, start + seconds):
        for _ in range(per_second):
            tally.count(WorkflowItem(id=1), CAME, second)
        tally.tick(second, 0)


@pytest.mark.parametrize(
    ("limiter", "expected"),
    [
        ({}, 900 / 2),
        ({"in_force": 1.0}, 900 / 1),
        ({"in_force": 5.0}, 900 / 2),
        ({"put_off_count": 100}, 800 / 2),
    ],
    ids=["at the measured rate", "never faster than allowed", "nor as fast as allowed", "put off is not waited for"],
)
def test_eta_is_from_the_real_rate(limiter: dict[str, object], expected: float) -> None:
    tally = Tally()
    run(tally, 100, 50, 2)
    now = taken(tally, 149, total=1000, **limiter)
    assert now.eta_seconds == pytest.approx(expected, rel=0.05)
    assert now.avg_time == pytest.approx(0.5, rel=0.05)


def test_eta_follows_the_last_minute_and_avg_time_the_whole_run() -> None:
    tally = Tally()
    run(tally, 0, 100, 10)
    run(tally, 100, 100, 1)
    now = taken(tally, 199, total=1200)
    assert now.eta_seconds == pytest.approx(100, rel=0.1)
    assert now.avg_time == pytest.approx(200 / 1100, rel=0.05)


def test_nothing_that_moved_is_no_eta_and_nothing_left_is_none_at_all() -> None:
    tally = Tally()
    assert taken(tally, 0).eta_seconds is None
    run(tally, 0, 10, 1)
    assert taken(tally, 9, total=10).eta_seconds == 0
    for second in range(10, 80):
        tally.tick(second, 0)
    assert taken(tally, 79, total=20).eta_seconds is None, "an open breaker, say"


def test_a_meter_remembers_its_window_however_long_it_runs() -> None:
    meter = Meter(60)
    for second in range(10_000):
        meter.note(second, second + 1)
    assert len(meter._samples) <= 62
    assert meter.per_second(10_000, 10_001) == pytest.approx(1)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00:00"), (61.6, "0:01:02"), (100_000, "27:46:40")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
