"""The engine's schema in the store's database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.store.database import connect

pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")

from procrastinate.schema import SchemaManager

from n8n_scraper.work.engine_schema import install_engine
from n8n_scraper.work.tasks import Batch, add_batch


@pytest.fixture
def connection(database_url: str) -> Iterator[Any]:
    with closing(connect(database_url)) as opened:
        yield opened


def test_it_is_made_once_and_apart_from_our_tables(connection: Any) -> None:
    assert install_engine(connection)
    assert install_engine(connection) == []
    with connection, connection.cursor() as cursor:
        cursor.execute("select distinct schemaname from pg_tables where tablename like 'procrastinate%'")
        assert cursor.fetchall() == [("procrastinate",)]


def test_a_newer_engine_brings_its_migrations_in_once(
    connection: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_engine(connection)
    newer = copytree(SchemaManager.get_migrations_path(), tmp_path / "migrations")
    (newer / "99.00.00_01_pre_more.sql").write_text("alter table procrastinate_jobs add more int;")
    with monkeypatch.context() as patch:
        patch.setattr(SchemaManager, "get_migrations_path", staticmethod(lambda: str(newer)))
        assert install_engine(connection) == ["99.00.00_01_pre_more.sql"]
        assert install_engine(connection) == []
    with pytest.raises(StartError, match=r"newer procrastinate \(it has 99\.00\.00_01_pre_more\.sql\)"):
        install_engine(connection)


def test_a_store_that_was_restored_without_its_queue_gets_it_back(connection: Any) -> None:
    install_engine(connection)
    with connection, connection.cursor() as cursor:
        add_batch(cursor, Batch({}))
    with connection, connection.cursor() as cursor:
        cursor.execute("drop schema procrastinate cascade")
    install_engine(connection)
    with connection, connection.cursor() as cursor:
        cursor.execute("select queue_name, args from procrastinate.procrastinate_jobs")
        assert cursor.fetchall() == [("crawl", {"task": 1})]
