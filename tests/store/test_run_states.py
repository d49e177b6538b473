"""Whether a run lives: the outcome table, and real processes that hold a real job's lock."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import Any

import psutil
import psycopg2
import pytest

from n8n_scraper.store import jobs, run_states, runs
from n8n_scraper.store.run_states import Life, judge_life


@pytest.mark.parametrize(
    ("has_ended", "holds_job", "is_there", "silent", "life"),
    [
        (True, True, True, 0, "ended"),
        (False, True, True, 0, "running"),
        (False, True, True, 61, "silent"),  # stopped, or busy with something else
        (False, False, True, 5, "running"),  # the store was away, and it is not back yet
        (False, False, False, 1, "dead"),
        (False, True, False, 1, "silent"),  # killed just now, or in another container of the same name
        (False, True, False, 61, "dead"),
        (False, True, None, 5, "running"),
        (False, True, None, 61, "silent"),  # its host vanished, and the server did not notice yet
        (False, False, None, 1, "dead"),
    ],
)
def test_life(has_ended: bool, holds_job: bool, is_there: bool | None, silent: float, life: Life) -> None:
    assert judge_life(has_ended, holds_job, is_there, silent) == life


def test_a_process_is_told_by_its_pid_and_the_time_it_started() -> None:
    this = runs.Process.this()
    assert run_states.process_is_there(*this) is True
    assert run_states.process_is_there(this.host, this.pid, this.started_at - timedelta(hours=1)) is False
    assert run_states.process_is_there("elsewhere", this.pid, this.started_at) is None
    assert run_states.process_is_there(this.host, None, None) is None
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started_at = datetime.fromtimestamp(psutil.Process(child.pid).create_time(), timezone.utc)
    assert run_states.process_is_there(this.host, child.pid, started_at) is True
    child.kill()
    child.wait()
    assert child.stdin is not None
    child.stdin.close()
    assert run_states.process_is_there(this.host, child.pid, started_at) is False


@pytest.fixture
def connection(database_url: str) -> Iterator[Any]:
    with closing(psycopg2.connect(database_url)) as connection:
        yield connection


def begin(cursor: Any, run_id: str, key: str | None) -> jobs.Job:
    job = jobs.open_job(cursor, key, {})
    runs.begin(cursor, runs.Run(run_id, job.id, {}, {}, {}))
    return job


def on_another_host(cursor: Any) -> None:
    cursor.execute("update runs set host = 'elsewhere'")


def test_the_lock_of_the_job_tells_whether_a_run_on_another_host_lives(connection: Any, database_url: str) -> None:
    with closing(psycopg2.connect(database_url)) as crawl:
        with crawl, crawl.cursor() as cursor:
            begin(cursor, "20260101T000000Z-0001", "/jobs/a")
            on_another_host(cursor)
        with connection, connection.cursor() as cursor:
            state = run_states.newest(cursor)
            assert state is not None
            assert (state.life, state.job_key) == ("running", "/jobs/a")
    until = time.monotonic() + 10
    life = "running"
    while life == "running" and time.monotonic() < until:  # the server notices in a moment
        with connection, connection.cursor() as cursor:
            state = run_states.of_job(cursor, "/jobs/a")
            assert state is not None
            life = state.life
    assert life == "dead"


def test_of_two_runs_of_a_job_only_the_later_can_hold_it(connection: Any) -> None:
    with connection, connection.cursor() as cursor:
        begin(cursor, "20260101T000000Z-0001", "/jobs/a")
        begin(cursor, "20260101T000000Z-0002", "/jobs/a")
        on_another_host(cursor)
        states = [run_states.of_id(cursor, f"20260101T000000Z-000{number}") for number in (1, 2)]
        assert [state.life for state in states if state] == ["dead", "running"]
        assert [state.run_id[-1] for state in run_states.never_ended(cursor)] == ["2"]


def test_a_killed_run_is_news_until_its_job_went_on(connection: Any) -> None:
    with connection, connection.cursor() as cursor:
        for number, key in enumerate(("/jobs/a", None, "/jobs/b", None), start=1):
            begin(cursor, f"20260101T000000Z-000{number}", key)
        on_another_host(cursor)
        cursor.execute(
            "update runs set started_at = '2026-01-01'::timestamptz + right(run_id, 1)::int * interval '1 s'"
        )
        cursor.execute("select pg_advisory_unlock_all()")
        assert [state.run_id[-1] for state in run_states.never_ended(cursor)] == ["1", "3", "4"]
        cursor.execute("update jobs set finished_at = now() where key = '/jobs/a'")
        cursor.execute("update runs set ended_at = now() where run_id like '%4'")
        assert [state.run_id[-1] for state in run_states.never_ended(cursor)] == ["3"]
