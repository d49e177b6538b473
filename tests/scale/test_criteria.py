from __future__ import annotations

import pytest

from n8n_scraper.scale.criteria import (
    ACCEPTABLE,
    NOT_APPLICABLE,
    RED,
    TARGET,
    criteria,
    is_passed,
    judge,
    verdict_table,
)

ALL_GOOD = {
    **dict.fromkeys(("completeness", "classification", "good_quality", "columns", "retries", "resumed"), 100.0),
    "service_seconds": 1.0,
    "workflows_per_hour": 7000.0,
    "peak_memory": 200.0,
    "store_query_p95": 5.0,
    "exports": 4.0,
    **dict.fromkeys(("unplanned_429", "stored_twice", "watchdog", "exit_code", "breaker"), 0.0),
    "stage_gap": 40.0,
    "busiest_second": 3.0,
    "busiest_ten_seconds": 21.0,
}


@pytest.mark.parametrize(
    ("name", "size", "figure", "zone"),
    [
        ("completeness", 500, 95, TARGET),
        ("completeness", 500, 94.9, ACCEPTABLE),
        ("completeness", 500, 89.9, RED),  # 85 to 90: not acceptable, so red
        ("completeness", 500, 84.9, RED),
        ("classification", 500, 99.9, ACCEPTABLE),
        ("classification", 500, 98.9, RED),
        ("good_quality", 500, 99.9, RED),
        ("columns", 500, 98, ACCEPTABLE),
        ("columns", 500, 97.9, RED),
        ("service_seconds", 500, 9.99, TARGET),
        ("service_seconds", 500, 10, RED),
        ("service_seconds", 1000, 29.9, TARGET),
        ("service_seconds", 1000, 30, RED),
        ("workflows_per_hour", 500, 100, RED),
        ("workflows_per_hour", 500, 100.1, TARGET),
        ("unplanned_429", 500, 1, RED),
        ("peak_memory", 500, 999, TARGET),
        ("peak_memory", 500, 1000, RED),
        ("peak_memory", 1000, 1999, TARGET),
        ("peak_memory", 1000, 2000, RED),
        ("store_query_p95", 500, 99.9, TARGET),
        ("store_query_p95", 500, 100, RED),
        ("store_query_p95", 500, None, RED),
        ("exports", 500, 3, RED),
        ("retries", 500, 99, RED),
        ("breaker", 500, 1, RED),
        ("resumed", 500, 99.9, RED),
        ("stored_twice", 500, 1, RED),
        ("exit_code", 500, 4, RED),
        ("watchdog", 500, 4, ACCEPTABLE),
        ("watchdog", 500, 5, RED),
        ("stage_gap", 500, 99, TARGET),
        ("stage_gap", 500, 100, ACCEPTABLE),
        ("stage_gap", 500, 499, ACCEPTABLE),
        ("stage_gap", 500, 500, RED),
        ("busiest_second", 500, 4, RED),
        ("busiest_ten_seconds", 500, 22, RED),
    ],
)
def test_zones(name: str, size: int, figure: float | None, zone: str) -> None:
    [verdict] = [one for one in judge(criteria(size), {name: figure}, {}) if one.criterion.name == name]
    assert verdict.zone == zone


def test_every_criterion_can_fail_alone() -> None:
    assert is_passed(judge(criteria(500), ALL_GOOD, {}))
    assert ALL_GOOD.keys() == {one.name for one in criteria(500)}
    for criterion in criteria(500):
        bad = {**ALL_GOOD, criterion.name: -1.0 if criterion.is_least else 1e9}
        assert not is_passed(judge(criteria(500), bad, {})), criterion.name


def test_no_data_is_red_unless_the_run_said_beforehand_why() -> None:
    figures = {name: value for name, value in ALL_GOOD.items() if name != "resumed"}
    assert not is_passed(judge(criteria(500), figures, {}))
    verdicts = list(judge(criteria(500), figures, {"resumed": "nothing was killed"}))
    assert is_passed(verdicts)
    assert [verdict.reason for verdict in verdicts if verdict.zone == NOT_APPLICABLE] == ["nothing was killed"]
    assert any("nothing was killed" in line for line in verdict_table(verdicts))


def test_a_verdict_names_what_its_figure_is_of() -> None:
    verdicts = list(judge(criteria(500), {**ALL_GOOD, "columns": 98.5}, {}, {"columns": "categories, views"}))
    [row] = [verdict.as_row() for verdict in verdicts if verdict.criterion.name == "columns"]
    assert (row["zone"], row["figure"], row["reason"], row["is_strict"]) == (
        ACCEPTABLE,
        98.5,
        "categories, views",
        False,
    )
    assert any("98.5 % (categories, views) | ≥ 100 | ≥ 98" in line for line in verdict_table(verdicts))
    assert any("| < 100 | < 500 |" in line for line in verdict_table(verdicts))
