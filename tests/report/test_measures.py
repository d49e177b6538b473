"""Percentiles, classes and throughput."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from n8n_scraper.report.measures import classes, per_minute, percentile, score_classes

START = datetime(2026, 11, 23, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.99, 7.0),
        ([3, 1, 2], 0.5, 2),
        ([1, 2, 3, 4], 0.5, 2),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 101)), 0.99, 99),
        (list(range(1, 101)), 1.0, 100),
    ],
)
def test_percentile_is_a_value_that_was_measured(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


def test_classes_hold_every_value_once() -> None:
    assert classes([0.1, 1.0, 1.1, 5.0, 99.0], (1.0, 5.0)) == [2, 2, 1]
    assert score_classes([0, 9.99, 10, 89.9, 90, 100]) == [2, 1, 0, 0, 0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize("seconds", [0, 3, 59, 61, 3600, 500_000])
def test_throughput_adds_up_to_all_that_was_stored(seconds: int) -> None:
    moments = [START + timedelta(seconds=seconds * share / 50) for share in range(51)]
    points = per_minute(moments, START, START + timedelta(seconds=seconds))
    ends = [0.0, *(end for end, _ in points)]
    assert len(points) <= 60
    assert ends == sorted(ends)
    assert sum(rate / 60 * (end - begin) for (end, rate), begin in zip(points, ends, strict=False)) == pytest.approx(51)


def test_throughput_is_a_rate_per_minute() -> None:
    moments = [START + timedelta(seconds=second / 2) for second in range(120)]
    assert {rate for _, rate in per_minute(moments, START, START + timedelta(seconds=60))} == {120.0}
