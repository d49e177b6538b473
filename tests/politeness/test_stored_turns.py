"""Turns that processes share through a real Postgres."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.config import Config
from n8n_scraper.politeness.gate import MISSED_AFTER
from n8n_scraper.politeness.pace import Pace
from n8n_scraper.politeness.reservation import LocalReservations, Reservations, Turn
from n8n_scraper.store.database import connect, reconnect
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.rate import StoredReservations
from n8n_scraper.store.thread import StoreThread

from ..waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]


@contextmanager
def started(count: int, *arguments: object) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that have begun to take turns, all at once."""
    command = [sys.executable, str(Path(__file__).with_name("turns_process.py")), *map(str, arguments)]
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        processes = []
        for _ in range(count):
            processes.append(stack.enter_context(subprocess.Popen(command, env=environment, **options)))
            stack.callback(processes[-1].kill)
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield processes


def moments_of_two(*arguments: object) -> list[float]:
    """Those of two processes while both were at work (time.monotonic() is one clock for all)."""
    with started(2, *arguments) as processes:
        each = [json.loads(process.communicate(timeout=PATIENCE)[0]) for process in processes]
    first, last = max(moments[0] for moments in each), min(moments[-1] for moments in each)
    return sorted(moment for moments in each for moment in moments if first <= moment <= last)


AT_20 = 26
"""A second holds 20 turns, and those that a process took a quarter of a second late."""
TRIES = 3
"""That the rate is never passed holds at each; that it is reached is the machine's matter too, and seen at one."""


def test_two_processes_on_one_row_hold_the_rate(database_url: str, busiest: Any, mean_rate: Any) -> None:
    for _ in range(TRIES):
        moments = moments_of_two(20, 4, database_url)
        assert len(moments) - 1 <= 20 * (moments[-1] - moments[0] + MISSED_AFTER), "the first may have come late"
        assert busiest(moments, 1) <= AT_20
        if mean_rate(moments) >= 0.9 * 20:
            return
    pytest.fail(f"{TRIES} times slower than promised, at last {mean_rate(moments):.1f} a second")


def test_two_processes_without_it_do_not(busiest: Any, mean_rate: Any) -> None:
    seen = (moments_of_two(20, 2) for _ in range(TRIES))
    assert any(mean_rate(moments) > 30 and busiest(moments, 1) > AT_20 for moments in seen)


def test_a_process_killed_with_a_turn_in_hand_costs_that_turn_only(thread: StoreThread, database_url: str) -> None:
    """Of the two that it reserved it used the first at once, and waits for the second."""
    reserved = "select coalesce(max(next_at) > now() + interval '52 s', false) from rate_gates"
    with started(1, SLOW, 1000, database_url) as [doomed]:
        wait_until(lambda: thread.call(lambda cursor: cursor.execute(reserved) or cursor.fetchone()) == (True,))
        doomed.kill()
    first, second = waits(StoredReservations(thread, "test", SLOW), 2)
    assert 51 < first <= 101
    assert second - first == pytest.approx(50.5, abs=1)


@pytest.fixture
def thread(database_url: str) -> Iterator[StoreThread]:
    opened = StoreThread(partial(connect, database_url))
    opened.call(lambda cursor: cursor.execute("select 1"))  # connected: that is no part of the first turn's wait
    yield opened
    opened.close()


SLOW = 0.02
"""Turns 50.5 s apart: what a busy machine takes for itself does not matter beside that."""


def waits(reservations: StoredReservations, count: int) -> list[float]:
    """Seconds from now to each of the next turns."""

    async def reserve_all() -> list[Turn]:
        return [await reservations.reserve(None, 0) for _ in range(count)]

    now = time.monotonic()
    return [turn.at - now for turn in asyncio.run(reserve_all())]


def test_turns_are_one_spacing_apart(thread: StoreThread) -> None:
    assert waits(StoredReservations(thread, "a", SLOW), 3) == pytest.approx([0, 50.5, 101], abs=1)


def test_a_burst_comes_at_once(thread: StoreThread) -> None:
    assert waits(StoredReservations(thread, "a", SLOW, burst=3), 4) == pytest.approx([0, 0, 0, 50.5], abs=1)


def test_each_site_and_each_egress_has_turns_of_its_own(thread: StoreThread) -> None:
    for key in ({"site": "a"}, {"site": "b"}, {"site": "a", "egress": "other"}):
        assert waits(StoredReservations(thread, promise=SLOW, **key), 2) == pytest.approx([0, 50.5], abs=1)


def test_a_429_and_an_open_breaker_are_of_one_egress(thread: StoreThread) -> None:
    async def scenario() -> list[tuple[float, bool]]:
        refused, beside = (StoredReservations(thread, "a", 20.0, egress="second") for _ in range(2))
        other = StoredReservations(thread, "a", 20.0)
        await refused.reserve(None, 0)
        await refused.slow_down(time.monotonic())
        await refused.shut(30)
        turns = [await reservations.reserve(None, 0) for reservations in (refused, beside, other)]
        return [(turn.pace.per_second, turn.is_open) for turn in turns]

    who, beside, other = asyncio.run(scenario())
    assert who == (10, True)
    assert not beside[1]
    assert other == (20, True)


@pytest.mark.parametrize(("late", "expected"), [(0.0, 202.0), (1.8, 202.8), (80.0, 204.02), (None, 202.0)])
def test_a_turn_used_late_moves_the_next_but_one_a_little(
    thread: StoreThread, late: float | None, expected: float
) -> None:
    """Both kinds of reservation agree."""

    async def scenario(reservations: Reservations) -> float:
        first = await reservations.reserve(None, 0)
        await reservations.reserve(None, 0)
        third = await reservations.reserve(None if late is None else first.at + late, 0)
        return third.at - first.at

    for reservations in (StoredReservations(thread, "a", SLOW / 2), LocalReservations(Pace(SLOW / 2))):
        assert asyncio.run(scenario(reservations)) == pytest.approx(expected, abs=0.3)


def test_a_halving_is_shared_and_counts_once_for_requests_of_the_same_time(thread: StoreThread) -> None:
    ours, theirs = StoredReservations(thread, "a", 2.0), StoredReservations(thread, "a", 2.0)

    async def scenario() -> list[float]:
        sent_at = time.monotonic() - 5
        paces = [await ours.slow_down(sent_at), await theirs.slow_down(sent_at)]
        paces.append((await theirs.reserve(None, 0)).pace)
        await asyncio.sleep(0.01)
        paces.append(await theirs.slow_down(time.monotonic()))
        paces.append((await ours.reserve(None, 0)).pace)
        return [pace.factor for pace in paces]

    assert asyncio.run(scenario()) == [0.5, 0.5, 0.5, 0.25, 0.25]
    assert waits(theirs, 3)[2] > 2 * Pace(2.0, 0.25).spacing


@pytest.mark.parametrize("burst", [1, 3])
def test_a_hold_is_for_all_processes(thread: StoreThread, burst: int) -> None:
    ours, theirs = (StoredReservations(thread, "a", 2.0, burst) for _ in range(2))

    async def scenario() -> list[float]:
        assert not await theirs.is_held()
        await ours.hold(40)
        assert await theirs.is_held()
        began = time.monotonic()
        return [(await theirs.reserve(None, 0)).at - began for _ in range(2)]

    first, second = asyncio.run(scenario())
    assert first == pytest.approx(40, abs=1)
    assert 0 < second - first < 1


def test_clean_answers_of_all_processes_bring_the_rate_back(thread: StoreThread) -> None:
    ours, theirs = StoredReservations(thread, "a", 1000.0), StoredReservations(thread, "a", 1000.0)

    async def scenario() -> list[float]:
        await ours.slow_down(time.monotonic())
        await theirs.reserve(None, 0)
        turns = [await each.reserve(None, 15) for each in (ours, theirs) * 5]
        return [round(turn.pace.factor, 6) for turn in turns]

    assert asyncio.run(scenario()) == [0.5, 0.6, 0.6, 0.7, 0.7, 0.8, 0.8, 0.9, 0.9, 1.0]


def test_the_clock_of_the_store_set_back_costs_minutes_at_most(thread: StoreThread, database_url: str) -> None:
    reservations = StoredReservations(thread, "a", 2.0)
    waits(reservations, 1)
    execute(database_url, "update rate_gates set next_at = now() + interval '1 day'")
    assert 290 < waits(reservations, 1)[0] < 301


def test_while_the_store_is_away_no_turn_comes_and_then_they_go_on(
    thread: StoreThread, database_url: str, postgres: EmbeddedPostgres
) -> None:
    reservations = StoredReservations(thread, "a", 2.0)
    waits(reservations, 1)
    name = psycopg2.extensions.parse_dsn(database_url)["dbname"]
    server = postgres.dsn("postgres")

    async def scenario() -> tuple[bool, float]:
        execute(server, f"alter database {name} allow_connections false")
        execute(server, f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        turn = asyncio.ensure_future(reservations.reserve(None, 0))
        await asyncio.sleep(0.5)
        came_too_early = turn.done()
        back_at = time.monotonic()
        execute(server, f"alter database {name} allow_connections true")
        return came_too_early, (await turn).at - back_at

    came_too_early, seconds = asyncio.run(scenario())
    assert not came_too_early
    assert 0 < seconds < 5


def execute(dsn: str, statement: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def test_who_finds_the_site_down_is_the_only_one_who_asks_it(thread: StoreThread) -> None:
    async def scenario() -> list[bool]:
        prober, other = StoredReservations(thread, "a", 100.0), StoredReservations(thread, "a", 100.0)
        seen = []
        for seconds in (60.0, 0.0):
            await prober.shut(seconds)
            await other.shut(0.0)  # not theirs to open
            seen += [(await one.reserve(None, 0)).is_open for one in (other, prober)]
        await prober.shut(1)  # and then it died
        seen.append((turn := await other.reserve(None, 0)).is_open)
        await asyncio.sleep(max(0.0, turn.at - time.monotonic()))
        return [*seen, (await other.reserve(None, 0)).is_open]

    assert asyncio.run(scenario()) == [False, True, True, True, False, True]


@pytest.mark.timeout(60)
def test_whoever_stops_in_a_transaction_does_not_hold_the_others_up(database_url: str, tmp_path: Path) -> None:
    """One stops before its next statement, one before its commit; each is done once when they go on."""
    config = Config.from_settings({"DATABASE_URL": database_url}, tmp_path)
    goes_on, stopped = threading.Event(), threading.Barrier(3)
    tries = []

    def stop(cursor: Cursor, site: str, after: str) -> None:
        tries.append(site)
        cursor.execute("update rate_gates set clean_count = clean_count + 1 where site = %s", (site,))
        if tries.count(site) == 1:
            stopped.wait(20)
            goes_on.wait(40)
        if after:
            cursor.execute(after)

    with ExitStack() as stack:
        first, second, other = (
            stack.enter_context(closing(StoreThread(partial(reconnect, config, database_url)))) for _ in range(3)
        )
        sites = [StoredReservations(other, site, 2.0) for site in ("a", "b")]
        for site in sites:
            waits(site, 1)
        pool = stack.enter_context(ThreadPoolExecutor())
        stack.callback(goes_on.set)
        stops = [pool.submit(first.call, partial(stop, site="a", after="select 1"))]
        stops += [pool.submit(second.call, partial(stop, site="b", after=""))]
        stopped.wait(20)
        began = time.monotonic()
        for site in sites:
            waits(site, 1)
        assert 1 < time.monotonic() - began < 15
        goes_on.set()
        for done in stops:
            done.result(20)
        counts = other.call(lambda cursor: cursor.execute("select clean_count from rate_gates") or cursor.fetchall())
    assert sorted(tries) == ["a", "a", "b", "b"]
    assert counts == [(1,), (1,)]
