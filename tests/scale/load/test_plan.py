"""How many users there are when, and what they schedule."""

from __future__ import annotations

from pathlib import Path

import pytest

from n8n_scraper.scale.load.plan import Plan, Ramp


@pytest.mark.parametrize(
    ("seconds", "users"),
    [(0, 1), (60, 50), (119, 100), (120, 100), (479, 100), (481, 100), (540, 50), (599, 1), (600, None), (900, None)],
)
def test_of_ten_minutes_users_come_for_two_stay_for_six_and_go_for_two(seconds: float, users: int | None) -> None:
    assert Ramp.of(10).users(seconds, 100) == users


def test_a_plan_is_read_as_it_was_written_and_by_nobody_else(tmp_path: Path) -> None:
    crawls = [{"project": "n8n_scraper", "spider": "workflows", "ids": str(id)} for id in range(4)]
    plan = Plan(3, Ramp.of(1), crawls, 20.0, "Basic x", most_errors=1, most_ms=500, answers=("schedule.json",))
    plan.write(tmp_path / "plan.json")
    assert Plan.read(tmp_path / "plan.json") == plan
    assert (tmp_path / "plan.json").stat().st_mode & 0o077 == 0
    assert [plan.due_at(number) for number in range(4)] == [0, 5, 10, 15]
