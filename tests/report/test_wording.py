"""Figures in words."""

from __future__ import annotations

import pytest

from n8n_scraper.report.document import Unit
from n8n_scraper.report.wording import duration, shown


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (13_100.0, "count", "13,100"),
        (0.0, "share", "0 %"),
        (0.0004, "share", "under 0.1 %"),
        (0.05, "share", "5 %"),
        (0.123, "share", "12.3 %"),
        (0.99951, "share", "over 99.9 %"),
        (1.0, "share", "100 %"),
        (1.0, "rate", "1/s"),
        (0.12345, "number", "0.1235"),
        (12_345.6, "number", "12,346"),
        (90.0, "seconds", "1 min 30 s"),
    ],
)
def test_a_number_in_its_unit(value: float, unit: Unit, words: str) -> None:
    assert shown(value, unit) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.012, "12 ms"), (1, "1 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (6_540, "1 h 49 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
