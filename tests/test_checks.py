"""Checks: what each verdict rests on, and how thresholds are moved."""

from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.checks import CHECKS, Check, judge, read_checks, shares

CHECK = Check("failed", "share/failed", "<=", 0.1, "run/planned_count", 20, "workflows that failed")
STATS = {"run/planned_count": 100, "share/failed": 0.05}


def test_columns_that_must_be_there_may_lack_in_a_few_rows() -> None:
    thresholds = {check.name: (check.comparison, check.threshold) for check in CHECKS if "/" in check.stat}
    assert thresholds.pop("completeness/categories") == (">=", 0.9)
    assert {how for name, how in thresholds.items() if name.startswith("completeness/")} == {(">=", 0.95)}


@pytest.mark.parametrize(
    ("stats", "verdict"),
    [
        (STATS, "passed"),
        ({**STATS, "share/failed": 0.1}, "passed"),
        ({**STATS, "share/failed": 0.1001}, "failed"),
        ({"run/planned_count": 100}, "failed"),
        ({"share/failed": 0.0}, "failed"),
        ({}, "failed"),
        ({**STATS, "share/failed": "0.05"}, "failed"),
        ({**STATS, "share/failed": None}, "failed"),
        ({"run/planned_count": 19, "share/failed": 1.0}, "not judged"),
        ({"run/planned_count": 20, "share/failed": 1.0}, "failed"),
        ({"run/planned_count": 19}, "not judged"),
    ],
)
def test_a_verdict_needs_its_stat(stats: dict[str, Any], verdict: str) -> None:
    judged = judge(CHECK, stats)
    assert judged.verdict == verdict
    assert judged.value is not None or judged.reason


@pytest.mark.parametrize(
    ("stats", "verdicts"),
    [
        ({"run/listed_count": 100, "run/unlisted_count": 0, "share/gone": 0.05}, ("passed", "not judged")),
        ({"run/listed_count": 100, "run/unlisted_count": 0, "share/gone": 1.0}, ("failed", "not judged")),
        ({"run/listed_count": 5, "run/unlisted_count": 0, "share/gone": 1.0}, ("not judged", "not judged")),
        ({"run/listed_count": 0, "run/unlisted_count": 40, "share/gone_unlisted": 0.4}, ("not judged", "passed")),
        ({"run/listed_count": 0, "run/unlisted_count": 40, "share/gone_unlisted": 0.9}, ("not judged", "failed")),
        ({}, ("failed", "failed")),
    ],
)
def test_what_is_gone_though_it_should_be_there(stats: dict[str, Any], verdicts: tuple[str, str]) -> None:
    checks = {check.name: check for check in CHECKS}
    assert (judge(checks["gone"], stats).verdict, judge(checks["gone/unlisted"], stats).verdict) == verdicts


@pytest.mark.parametrize("name", ["structure", "listing"])
def test_of_what_must_never_be_one_is_too_many_and_none_is_judged(name: str) -> None:
    [check] = [check for check in CHECKS if check.name == name]
    assert [judge(check, {check.stat: count}).verdict for count in (0, 1)] == ["passed", "failed"]


def test_a_minimum_that_is_broken_fails() -> None:
    check = CHECK._replace(name="views", stat="completeness/views", comparison=">=", threshold=0.95)
    assert judge(check, {**STATS, "completeness/views": 0.9}).verdict == "failed"
    assert judge(check, {**STATS, "completeness/views": 0.95}).verdict == "passed"


def test_a_failed_check_is_one_sentence() -> None:
    assert judge(CHECK, {**STATS, "share/failed": 0.3}).sentence() == "failed is 0.3, must be <= 0.1 (share/failed)"
    assert "share/failed is missing" in judge(CHECK, {"run/planned_count": 100}).sentence()


def test_thresholds_are_moved_and_checks_turned_off_by_name() -> None:
    checks = {check.name: check for check in read_checks(" failed<=0.3 ,completeness/views >= 0.5, sitemap=off,")}
    assert checks["failed"].threshold == 0.3
    assert checks["completeness/views"].threshold == 0.5
    assert checks.keys() == {check.name for check in CHECKS} - {"sitemap"}
    assert read_checks("") == CHECKS
    assert read_checks(" OFF ") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fialed<=0.3", "did you mean failed?"),
        ("xyz=off", "there are structure, failed,"),
        ("failed>=0.3", "failed has <=, not >="),
        ("failed=0.3", "is not like failed<=0.3"),
        ("failed<=1.2.3", "is no number"),
        ("failed", "is not like"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"check|failed") as refused:
        read_checks(text)
    assert said in str(refused.value)


def test_shares_follow_from_counts() -> None:
    counts = {
        "workflow/item_count": 200,
        "workflow/failure_count/gone": 50,
        "workflow/failure_count/blocked": 4,
        "workflow/failure_count/server": 6,
        "workflow/failure_count/timeout": 4,
        "workflow/stage_failure_count/timeout": 100,
        "workflow/stage_failure_count/blocked": 100,
        "column/expected_count/views": 140,
        "column/missing_count/views": 14,
        "column/expected_count/name": 140,
        "column/expected_count/workflow": 0,
    }
    assert shares(counts) == {
        "share/failed": 0.05,
        "share/blocked": 0.02,
        "completeness/views": 0.9,
        "completeness/name": 1.0,
    }
    assert shares({}) == {}
