"""What an error of a real server means."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest

from n8n_scraper.exceptions import StartError, StoreUnavailable
from n8n_scraper.store.faults import close_reason, meaning

RAISE = "do $$ begin raise exception 'x' using errcode = '{}'; end $$"


@pytest.mark.parametrize(
    ("statement", "means"),
    [
        ("select 1/0", "refused"),
        ("insert into runs (run_id) values ('a')", "refused"),
        ("select nowhere", "refused"),
        ("create temporary table t (a text[]); create index on t using gin (a);"
         " insert into t select array[string_agg(md5(n::text), '')] from generate_series(1, 1000) n", "refused"),
        (RAISE.format("53100"), "full"),
        (RAISE.format("53300"), "away"),
        (RAISE.format("57P01"), "away"),
        (RAISE.format("25P03"), "away"),
        (RAISE.format("40P01"), "again"),
        (RAISE.format("40001"), "again"),
        ("set statement_timeout = 1; select pg_sleep(1)", "again"),
        (RAISE.format("XX000"), "refused"),
        ("select pg_terminate_backend(pg_backend_pid())", "away"),
    ],
)  # fmt: skip
def test_what_an_error_means(database_url: str, statement: str, means: str) -> None:
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.Error) as raised:
            cursor.execute(statement)
        assert meaning(raised.value) == means


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: StoreUnavailable("gone"), "store_unavailable"),
        (lambda: StartError("no"), None),
        (lambda: psycopg2.OperationalError("lost"), None),
        (lambda: psycopg2.OperationalError('FATAL:  could not write "pg_wal/x": No space left on device'), "disk_full"),
        (lambda: None, None),
    ],
)
def test_which_errors_end_the_crawl(make: Callable[[], Exception | None], reason: str | None) -> None:
    assert close_reason(make()) == reason


def test_a_full_disk_ends_the_crawl(database_url: str) -> None:
    connection = psycopg2.connect(database_url)
    with closing(connection), connection.cursor() as cursor, pytest.raises(psycopg2.Error) as raised:
        cursor.execute(RAISE.format("53100"))
    assert close_reason(raised.value) == "disk_full"
