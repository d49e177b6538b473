from __future__ import annotations

import pytest

from n8n_scraper.politeness.pace import Pace


@pytest.mark.parametrize(
    ("pace", "per_second", "spacing"),
    [
        (Pace(2.0), 2.0, 0.505),
        (Pace(2.0, factor=0.5), 1.0, 1.01),
        (Pace(0.5), 0.5, 2.02),
        (Pace(20.0, factor=0.25), 5.0, 0.202),
    ],
)
def test_rate_and_spacing(pace: Pace, per_second: float, spacing: float) -> None:
    assert pace.per_second == pytest.approx(per_second)
    assert pace.spacing == pytest.approx(spacing)


@pytest.mark.parametrize(
    ("before", "clean_answers", "after"),
    [
        (Pace(2.0), 1000, Pace(2.0)),
        (Pace(2.0, 0.5, 0), 29, Pace(2.0, 0.5, 29)),
        (Pace(2.0, 0.5, 29), 1, Pace(2.0, 0.6, 0)),
        (Pace(2.0, 0.5, 0), 75, Pace(2.0, 0.7, 15)),
        (Pace(2.0, 0.5, 0), 149, Pace(2.0, 0.9, 29)),
        (Pace(2.0, 0.5, 0), 150, Pace(2.0, 1.0, 0)),
        (Pace(2.0, 0.95, 0), 35, Pace(2.0, 1.0, 0)),
        (Pace(2.0, 0.5, 3), 0, Pace(2.0, 0.5, 3)),
    ],
)
def test_a_tenth_of_the_promise_comes_back_for_thirty_clean_answers(
    before: Pace, clean_answers: int, after: Pace
) -> None:
    recovered = before.recovered(clean_answers)
    assert recovered.factor == pytest.approx(after.factor)
    assert recovered.clean_count == after.clean_count


def test_halving_starts_the_count_anew_and_has_a_floor() -> None:
    pace = Pace(2.0, 1.0, 0)
    factors = []
    for _ in range(6):
        pace = pace.recovered(29).halved()
        factors.append(pace.factor)
        assert pace.clean_count == 0
    assert factors == [0.5, 0.25, 0.125, 0.0625, 0.0625, 0.0625]
