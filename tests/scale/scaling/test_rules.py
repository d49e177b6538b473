"""Outcome tables of what passes, what is flagged, and where it breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from n8n_scraper.scale.scaling.ladders import Ladder
from n8n_scraper.scale.scaling.rules import StepVerdict, grace, is_cliff, judge
from tests.scale.scaling.steps import LINEAR, PACED, UNEQUAL, step


def _missed(verdict: StepVerdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.is_passed]


@pytest.mark.parametrize(
    ("ladder", "changes", "missed"),
    [
        (LINEAR, {}, []),
        (LINEAR, {"throughput": 32.0}, []),
        (LINEAR, {"throughput": 31.0}, ["efficiency"]),
        (LINEAR, {"throughput": None}, ["efficiency"]),
        (UNEQUAL, {"throughput": 9.8}, []),
        (LINEAR, {"p50": 0.21}, ["p50"]),
        (LINEAR, {"p95": 0.207}, []),
        (LINEAR, {"p95": 0.208, "p99": 0.24}, ["p95", "p99"]),
        (LINEAR, {"p99": None}, ["p99"]),
        (LINEAR, {"rows": 69}, ["complete rows"]),
        (LINEAR, {"failed": 1}, ["complete rows"]),
        (LINEAR, {"exit_codes": (0, 3)}, ["complete rows"]),
        (LINEAR, {"crawler_cpu": 99.0, "threads": 60.0, "foreign_share": 1.0}, []),  # flagged, and no failure
    ],
)
def test_what_a_step_has_to_hold(ladder: Ladder, changes: dict[str, Any], missed: list[str]) -> None:
    _, verdict = judge(ladder, [step(), step(4, **changes)])
    assert _missed(verdict) == missed
    assert verdict.is_passed is not bool(missed)


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({}, []),
        ({"throughput": 1.91}, []),
        ({"throughput": 1.9}, ["of the rate"]),
        ({"busiest_ten_seconds": 22}, ["requests in 10 s"]),
        ({"pace_kept": 0.9}, ["pace kept"]),
        ({"pace_kept": None}, ["pace kept"]),
    ],
)
def test_a_rate_has_to_be_kept_from_both_sides(changes: dict[str, Any], missed: list[str]) -> None:
    given = {"throughput": 2.0, "busiest_ten_seconds": 21, **changes}
    [verdict] = judge(PACED, [step(rate=2.0, **given)])
    assert _missed(verdict) == missed


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, []),
        ({"crawler_cpu": 90.0}, []),
        ({"crawler_cpu": 91.0}, ["CPU 91 %"]),
        ({"threads": 9.0}, []),
        ({"threads": 10.0}, ["threads × 1.7"]),
        ({"foreign_share": 0.25}, ["foreign load in 25% of the samples"]),
        ({"crawler_cpu": None, "threads": None, "foreign_share": None}, []),
    ],
)
def test_what_is_flagged(changes: dict[str, Any], flags: list[str]) -> None:
    assert list(judge(LINEAR, [step(), step(2, **changes)])[1].flags) == flags


@pytest.mark.parametrize(
    ("throughputs", "is_one"),
    [
        ([(1, 10.0), (2, 19.0)], False),
        ([(1, 10.0), (2, 4.9)], True),
        ([(1, 10.0), (2, 40.0), (4, 19.0)], True),  # of the best before, not of the last
        ([(1, 10.0), (2, None)], True),
        ([(8, 80.0), (2, 20.0)], False),  # less load on the way down is no cliff
        ([(1, 10.0)], False),
    ],
)
def test_a_cliff_is_less_than_half_of_what_less_load_brought(
    throughputs: list[tuple[int, float | None]], is_one: bool
) -> None:
    *before, last = (step(load, throughput=throughput) for load, throughput in throughputs)
    assert is_cliff(last, before) is is_one


def test_what_rose_has_to_come_back() -> None:
    up = step(2, throughput=19.0)
    assert _missed(judge(LINEAR, [up, step(8), step(2, throughput=17.0)])[2]) == ["recovered"]
    assert judge(LINEAR, [up, step(8), step(2, throughput=18.9)])[2].is_passed
    assert judge(UNEQUAL, [up, step(2, throughput=5.0)])[1].is_passed, "nothing rose: it is another kind of work"


@pytest.mark.parametrize(
    ("last", "is_graceful", "reason"),
    [
        ({"throughput": 32.0}, True, "no cliff"),
        ({"throughput": 31.0}, False, "less than 80% of the best throughput is left at 8 flows"),
        ({"throughput": 39.0, "failed": 1}, False, "missing or failed at 8 flows"),
        ({"throughput": 15.0}, False, "falls by more than half at 8 flows"),
    ],
)
def test_grace(last: dict[str, Any], is_graceful: bool, reason: str) -> None:
    found = grace(judge(LINEAR, [step(), step(4), step(8, **last)]))
    assert found.is_graceful is is_graceful
    assert any(reason in one for one in found.reasons)


@pytest.mark.parametrize(("slope", "is_passed"), [(0.4, True), (-0.1, True), (0.5, False), (None, False)])
def test_memory_must_not_have_grown_in_a_soak(slope: float | None, is_passed: bool) -> None:
    kept = step(rate=2.0, throughput=2.0, busiest_ten_seconds=20, memory_slope=slope)
    [verdict] = judge(replace(PACED, is_long=True), [kept])
    assert verdict.is_passed == is_passed
    assert judge(PACED, [kept])[0].is_passed
