"""A store with the tables of the queue's engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from n8n_scraper.store.database import connect


@pytest.fixture
def cursor(database_url: str) -> Iterator[Any]:
    pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")
    from n8n_scraper.work.engine_schema import install_engine  # noqa: PLC0415 - it imports procrastinate

    with closing(connect(database_url)) as connection:
        install_engine(connection)
        with connection, connection.cursor() as cursor:
            yield cursor
