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
    **dict.fromkeys(("unplanned_429", "stored_twice", "watchdog"), 0.0),
    "busiest_second": 3.0,
    "busiest_ten_seconds": 21.0,
}


@pytest.mark.parametrize(
    ("name", "figure", "zone"),
    [
        ("completeness", 95, TARGET),
        ("completeness", 94.9, ACCEPTABLE),
        ("completeness", 89.9, RED),
        ("classification", 99.9, ACCEPTABLE),
        ("classification", 98.9, RED),
        ("service_seconds", 10, TARGET),
        ("service_seconds", 20.1, RED),
        ("unplanned_429", 1, RED),
        ("peak_memory", 1001, RED),
        ("exports", 3, RED),
        ("busiest_second", 4, RED),
        ("watchdog", 4, ACCEPTABLE),
        ("store_query_p95", None, RED),
    ],
)
def test_zones(name: str, figure: float | None, zone: str) -> None:
    [verdict] = [one for one in judge(criteria(500), {name: figure}, {}) if one.criterion.name == name]
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
