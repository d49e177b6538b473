"""The store's thread against a real server whose connections break."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.exceptions import StartError, StoreUnavailable
from n8n_scraper.store.database import connect
from n8n_scraper.store.thread import StoreThread

from ..waiting import wait_until

NOWHERE = "host=127.0.0.1 port=1 dbname=none user=nobody"


@pytest.fixture
def thread(database_url: str) -> Iterator[StoreThread]:
    with closing(StoreThread(partial(connect, database_url))) as opened:
        yield opened


def value(cursor: Cursor, statement: str = "select 1") -> Any:
    cursor.execute(statement)
    return cursor.fetchone()[0]


def test_work_cut_off_in_the_middle_is_done_again_and_once(thread: StoreThread, database_url: str) -> None:
    thread.call(lambda cursor: cursor.execute("create table t (n int)"))
    tries = []

    def work(cursor: Cursor) -> None:
        tries.append(value(cursor, "select pg_backend_pid()"))
        cursor.execute("insert into t values (1)")
        if len(tries) == 1:
            cursor.execute("select pg_terminate_backend(pg_backend_pid())")

    thread.call(work)
    assert len(set(tries)) == 2
    assert thread.call(partial(value, statement="select count(*) from t")) == 1


def test_a_deadlock_is_no_failure(thread: StoreThread, database_url: str) -> None:
    thread.call(lambda cursor: cursor.execute("create table t (id int); insert into t values (1), (2)"))
    both_hold_one = threading.Barrier(2)
    rounds = []

    def update(first: int, second: int, cursor: Cursor) -> None:
        rounds.append(first)
        cursor.execute("update t set id = id where id = %s", (first,))
        if len(rounds) <= 2:
            both_hold_one.wait(5)
        cursor.execute("update t set id = id where id = %s", (second,))

    with closing(StoreThread(partial(connect, database_url))) as other, ThreadPoolExecutor() as pool:
        for done in (pool.submit(thread.call, partial(update, 1, 2)), pool.submit(other.call, partial(update, 2, 1))):
            done.result()
    assert len(rounds) == 3


def test_a_lost_connection_may_come_as_any_error_of_the_driver(thread: StoreThread) -> None:
    """Seen of a server that died under ``cursor.execute``: a plain DatabaseError without a code."""
    lost = iter([psycopg2.DatabaseError("server closed the connection unexpectedly")])

    def work(cursor: Cursor) -> Any:
        if error := next(lost, None):
            raise error
        return value(cursor)

    assert thread.call(work) == 1


def test_an_error_of_the_statement_is_the_callers_and_the_connection_stays(thread: StoreThread) -> None:
    pid = thread.call(partial(value, statement="select pg_backend_pid()"))
    with pytest.raises(psycopg2.DataError):
        thread.call(partial(value, statement="select 1/0"))
    assert thread.call(partial(value, statement="select pg_backend_pid()")) == pid


def test_patience_ends_and_nobody_waits_twice() -> None:
    with closing(StoreThread(partial(connect, NOWHERE), patience=1.5)) as thread:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"1\.5 seconds: .*cannot be reached"):
            thread.call(value)
        assert 1.5 <= time.monotonic() - began < 5
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            thread.call(value)
        assert time.monotonic() - began < 1.5


def test_closing_ends_the_wait(caplog: pytest.LogCaptureFixture) -> None:
    thread = StoreThread(partial(connect, NOWHERE))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(thread.call, value)
        wait_until(lambda: "waits" in caplog.text)
        began = time.monotonic()
        thread.close()
        thread.close()
        assert time.monotonic() - began < 30, "of the 120 s of its patience"
        with pytest.raises(StoreUnavailable):
            waiting.result()


def test_locks_are_taken_again_and_waited_for(thread: StoreThread, database_url: str) -> None:
    """Who was cut off may find its own former session still alive: it waits for that to end."""
    holds = []

    def on_connect(cursor: Cursor) -> None:
        holds.append(value(cursor, "select pg_try_advisory_lock(1)"))
        if not holds[-1]:
            raise StartError("held by another")

    thread.on_connect = on_connect
    with closing(psycopg2.connect(database_url)) as former, former.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(1)")
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(thread.call, value)
            wait_until(lambda: holds)
            former.close()
            assert waiting.result() == 1
    assert (holds[0], holds[-1]) == (False, True)
