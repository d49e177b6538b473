"""Turns that processes share through a real Postgres."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.config import Config
from n8n_scraper.politeness.pace import Pace
from n8n_scraper.politeness.reservation import LocalReservations, Reservations, Turn
from n8n_scraper.store.database import connect, reconnect
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.rate import StoredReservations
from n8n_scraper.store.thread import StoreThread

ROOT = Path(__file__).parents[2]


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("turns_process.py")), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def moments_of(processes: Sequence[subprocess.Popen[str]]) -> list[float]:
    """Those of all processes while all of them were at work (time.monotonic() is one clock for all)."""
    each = [json.loads(process.communicate(timeout=30)[0]) for process in processes]
    first, last = max(moments[0] for moments in each), min(moments[-1] for moments in each)
    return sorted(moment for moments in each for moment in moments if first <= moment <= last)


AT_20 = 26
"""A second holds 20 turns, and those that a process took a quarter of a second late."""


def test_two_processes_on_one_row_hold_the_rate(database_url: str, busiest: Any, mean_rate: Any) -> None:
    moments = moments_of([start(20, 4, database_url) for _ in range(2)])
    assert 0.9 * 20 <= mean_rate(moments) <= 20
    assert busiest(moments, 1) <= AT_20


def test_two_processes_without_it_do_not(busiest: Any, mean_rate: Any) -> None:
    moments = moments_of([start(20, 2) for _ in range(2)])
    assert mean_rate(moments) > 30
    assert busiest(moments, 1) > AT_20


def test_a_process_killed_with_a_turn_in_hand_costs_that_turn_only(database_url: str, mean_rate: Any) -> None:
    doomed, survivor = start(20, 30, database_url), start(20, 4, database_url)
    time.sleep(2.5)
    doomed.kill()
    doomed.communicate()
    moments = json.loads(survivor.communicate(timeout=30)[0])
    assert mean_rate([moment for moment in moments if moment > moments[-1] - 1]) > 0.9 * 20


@pytest.fixture
def thread(database_url: str) -> Iterator[StoreThread]:
    opened = StoreThread(partial(connect, database_url))
    opened.call(lambda cursor: cursor.execute("select 1"))  # connected: that is no part of the first turn's wait
    yield opened
    opened.close()


def waits(reservations: StoredReservations, count: int) -> list[float]:
    """Seconds from now to each of the next turns."""

    async def reserve_all() -> list[Turn]:
        return [await reservations.reserve(None, 0) for _ in range(count)]

    now = time.monotonic()
    return [turn.at - now for turn in asyncio.run(reserve_all())]


def test_turns_are_one_spacing_apart(thread: StoreThread) -> None:
    assert waits(StoredReservations(thread, "a", 2.0), 4) == pytest.approx([0, 0.505, 1.01, 1.515], abs=0.2)


def test_a_burst_comes_at_once(thread: StoreThread) -> None:
    expected = [0, 0, 0, 0.505, 1.01]
    assert waits(StoredReservations(thread, "a", 2.0, burst=3), 5) == pytest.approx(expected, abs=0.2)


def test_each_site_and_each_egress_has_turns_of_its_own(thread: StoreThread) -> None:
    for key in ({"site": "a"}, {"site": "b"}, {"site": "a", "egress": "other"}):
        assert waits(StoredReservations(thread, promise=2.0, **key), 2) == pytest.approx([0, 0.505], abs=0.2)


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


@pytest.mark.parametrize(("late", "expected"), [(0.0, 101.0), (0.9, 101.4), (40.0, 102.01), (None, 101.0)])
def test_a_turn_used_late_moves_the_next_but_one_a_little(
    thread: StoreThread, late: float | None, expected: float
) -> None:
    """With turns 50.5 s apart, so that milliseconds of the test do not matter; both kinds of reservation agree."""

    async def scenario(reservations: Reservations) -> float:
        first = await reservations.reserve(None, 0)
        await reservations.reserve(None, 0)
        third = await reservations.reserve(None if late is None else first.at + late, 0)
        return third.at - first.at

    for reservations in (StoredReservations(thread, "a", 0.02), LocalReservations(Pace(0.02))):
        assert asyncio.run(scenario(reservations)) == pytest.approx(expected, abs=0.15)


def test_a_halving_is_shared_and_counts_once_for_requests_of_the_same_time(thread: StoreThread) -> None:
    ours, theirs = StoredReservations(thread, "a", 2.0), StoredReservations(thread, "a", 2.0)

    async def scenario() -> list[float]:
        sent_at = time.monotonic()
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
        execute(server, f"alter database {name} allow_connections true")
        back_at = time.monotonic()
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
        await prober.shut(0.2)  # and then it died
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
