"""What the queue has to hold."""

from __future__ import annotations

import pytest

from n8n_scraper.scale.queue_load import Figures, is_passed


@pytest.mark.parametrize(
    ("figures", "passed"),
    [
        (Figures(1000, 4, 99, 199, 100), True),
        (Figures(999, 0, 50, 50, 100), False),
        (Figures(1000, 5, 50, 50, 100), False),
        (Figures(1000, 0, 100, 50, 100), False),
        (Figures(1000, 0, 50, 200, 100), False),
        (Figures(1000, 0, None, 50, 100), False),
        (Figures(1000, 0, 50, None, 100), False),
    ],
)
def test_bounds(figures: Figures, passed: bool) -> None:
    assert is_passed(figures, 1000) is passed
