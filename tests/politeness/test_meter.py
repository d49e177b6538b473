"""The window that a rate is counted in."""

from __future__ import annotations

from n8n_scraper.politeness.meter import Meter


def test_a_request_counts_for_as_long_as_the_window() -> None:
    meter = Meter(10)
    assert [meter.count(now) for now in (0, 0, 5, 9.9, 10, 14.9, 15, 40)] == [1, 2, 3, 4, 3, 4, 4, 1]


def test_a_steady_rate_is_counted_as_it_is() -> None:
    meter = Meter(10)
    assert max(meter.count(n * 0.505) for n in range(1000)) == 20
