"""What the queue has to hold."""

from __future__ import annotations

from contextlib import closing

import pytest

from n8n_scraper.scale.queue_load import Figures, _fill, is_passed
from n8n_scraper.store.database import connect


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


def test_an_empty_server_is_made_ready(empty_database_url: str) -> None:
    pytest.importorskip("procrastinate")
    _fill(empty_database_url, entries=3)
    with closing(connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from procrastinate.procrastinate_jobs where queue_name = 'load'")
        assert cursor.fetchone() == (3,)
