"""What users saw, judged; and what a stand-in saw of a wait that it asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.scale.load.answers import Answer, Scheduled, Seen, judged, told
from n8n_scraper.scale.load.captions import too_early
from n8n_scraper.scale.load.plan import Plan, Ramp

PLAN = Plan(8, Ramp.of(1), [], 1.0, "", most_errors=1.0, most_ms=500, answers=("schedule.json", "status.json"))


def seen(*milliseconds: float, wrong: int = 0) -> Seen:
    good = [Answer("status.json", one, True, number + 1) for number, one in enumerate(milliseconds)]
    return Seen([*good, *[Answer("status.json", 1.0, False, 1)] * wrong])


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        (seen(*[100.0] * 100), [True, True]),
        (seen(*[100.0] * 94, *[900.0] * 6), [True, False]),
        (seen(*[100.0] * 198, wrong=1), [True, True]),
        (seen(*[100.0] * 98, wrong=2), [False, True]),
        (Seen([Answer("listjobs.json", 1.0, True, 1)]), [True, False]),  # of what is judged nothing was seen
        (Seen(), [False, False]),
    ],
)
def test_errors_and_answers_have_thresholds(found: Seen, holds: list[bool]) -> None:
    assert [finding.holds for finding in judged(PLAN, found)] == holds


def test_answers_are_told_by_service_and_by_how_many_users_there_were(tmp_path: Path) -> None:
    found = seen(*[10.0 * number for number in range(1, 9)])
    found.scheduled.append(Scheduled("a", 1.5))
    found.write(tmp_path / "seen.json")
    found = Seen.read(tmp_path / "seen.json")
    assert found.scheduled == [Scheduled("a", 1.5)]
    assert [(one.name, one.figure) for one in told(found)] == [
        ("answers of status.json", 80.0),
        ("answers with 1 to 2 users", 20.0),
        ("answers with 3 to 4 users", 40.0),
        ("answers with 5 to 6 users", 60.0),
        ("answers with 7 to 8 users", 80.0),
    ]


def entry(t: float, retry_after: str | None = None) -> dict[str, Any]:
    return {"t": t, "status": 429 if retry_after else 200, "retry_after": retry_after}


@pytest.mark.parametrize(
    ("asked", "early"),
    [
        ([entry(1), entry(2, "10"), entry(12.1)], []),
        ([entry(1), entry(2, "10"), entry(2.3), entry(12.1)], []),  # it was under way
        ([entry(1), entry(2, "10"), entry(2.3, "10"), entry(5)], [5]),
        ([entry(2, "10"), entry(5, "7"), entry(11.9), entry(12)], [5, 11.9]),
        ([entry(2, "3"), entry(6, "3"), entry(7), entry(10)], [7]),
    ],
)
def test_what_comes_before_retry_after_is_over_is_found(asked: list[dict[str, Any]], early: list[float]) -> None:
    assert [one["t"] for one in too_early(asked)] == early
