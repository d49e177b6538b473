"""Turns shared by all processes of a store: one row per site, and the store's clock decides."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.politeness.pace import Pace
from n8n_scraper.politeness.reservation import Turn
from n8n_scraper.store.thread import StoreThread

logger = logging.getLogger(__name__)
_MAKE_ROW = "insert into rate_gates (site, egress) values (%(site)s, %(egress)s) on conflict do nothing"
_RESERVE = """
set local synchronous_commit = off;
update rate_gates set next_at = make_interval(secs => %(spacing)s / factor) + greatest(
    least(next_at, clock_timestamp() + interval '5 minutes'),
    clock_timestamp(),
    least(
        clock_timestamp() + make_interval(secs => %(pair)s / factor - %(age)s),
        next_at + make_interval(secs => %(shift)s / factor)
    )
)
where site = %(site)s and egress = %(egress)s
    and (shut_until is null or shut_until <= clock_timestamp() or shut_by = %(who)s)
returning
    extract(epoch from next_at - clock_timestamp())::float8 - %(burst)s * %(spacing)s / factor, factor, clean_count
"""
"""A turn lost in a crash of the server costs nothing: no flush is waited for. A turn further away than minutes means
that the store's clock was set back. ``age``, in seconds, is that of our last turn but one.
"""
_HOLD = """
update rate_gates set held_until = greatest(held_until, clock_timestamp() + make_interval(secs => %(seconds)s)),
    next_at = greatest(next_at, clock_timestamp() + make_interval(secs => %(seconds)s + %(reserved)s))
where site = %(site)s and egress = %(egress)s
returning true
"""
_IS_HELD = """
select coalesce(held_until between clock_timestamp() and clock_timestamp() + interval '5 minutes', false)
from rate_gates where site = %(site)s and egress = %(egress)s
"""
_LONG_AGO = 3600.0
_READ = """
select factor, clean_count, coalesce(halved_at < clock_timestamp() - make_interval(secs => %(age)s), true)
from rate_gates where site = %(site)s and egress = %(egress)s for update
"""
_SHUT_SECONDS = """
select extract(epoch from shut_until - clock_timestamp())::float8 from rate_gates
where site = %(site)s and egress = %(egress)s and shut_until > clock_timestamp()
"""
_SHUT = """
update rate_gates set shut_by = %(who)s, shut_until = clock_timestamp() + make_interval(secs => %(seconds)s)
where site = %(site)s and egress = %(egress)s
    and (%(seconds)s > 0 or shut_by = %(who)s)
    and (shut_until is null or shut_until <= clock_timestamp() or shut_by = %(who)s)
"""
"""Who came first keeps it: the others do not send, and so learn nothing."""
_ASK_AGAIN = 1.0
"""Seconds after which a shut gate is looked at again."""
_WRITE = """
update rate_gates set factor = %(factor)s, clean_count = %(clean_count)s,
    halved_at = case when %(halved)s then clock_timestamp() else halved_at end
where site = %(site)s and egress = %(egress)s
"""


class StoredReservations:
    """Reservations of one site, as in politeness/reservation.py; without the store there are no turns."""

    def __init__(self, thread: StoreThread, site: str, promise: float, burst: int = 1, egress: str = "") -> None:
        self._thread = thread
        self._key = {"site": site, "egress": egress, "who": uuid4().hex}
        self._told_shut = False
        self._pace = Pace(promise)
        self._burst = burst

    async def reserve(self, last_but_one: float | None, clean_answers: int) -> Turn:
        """Raises:
        StoreUnavailable: the store stayed away for longer than its thread is patient.
        """
        turn = await self._thread.run(partial(self._reserve, last_but_one=last_but_one, clean_answers=clean_answers))
        self._pace = turn.pace
        return turn

    async def slow_down(self, sent_at: float) -> Pace:
        self._pace = await self._thread.run(partial(self._change, change=Pace.halved, since=sent_at))
        return self._pace

    async def hold(self, seconds: float) -> None:
        reserved = (self._burst - 1) * Pace(self._pace.promise, self._pace.factor).spacing
        await self._thread.run(partial(self._row, sql=_HOLD, seconds=seconds, reserved=reserved))

    async def is_held(self) -> bool:
        [held] = await self._thread.run(partial(self._row, sql=_IS_HELD))
        return bool(held)

    def limit(self, per_second: float) -> None:
        self._pace = self._pace.limited(per_second)

    async def shut(self, seconds: float) -> None:
        await self._thread.run(partial(self._shut, seconds=seconds))

    def _reserve(self, cursor: Cursor, last_but_one: float | None, clean_answers: int) -> Turn:
        if clean_answers and self._pace.factor < 1:
            self._change(cursor, partial(Pace.recovered, clean_answers=clean_answers))
        age = _LONG_AGO if last_but_one is None or self._burst > 1 else time.monotonic() - last_but_one
        full = Pace(self._pace.promise)
        values = {"spacing": full.spacing, "pair": full.pair, "shift": full.largest_shift}
        values |= {"age": age, "burst": float(self._burst)}
        cursor.execute(_RESERVE, {**self._key, **values})
        row = cursor.fetchone()
        if row is None and (seconds := self._shut_seconds(cursor)):
            return Turn(time.monotonic() + min(seconds, _ASK_AGAIN), self._pace, is_open=False)
        row = row or self._row(cursor, _RESERVE, **values)
        return Turn(time.monotonic() + max(row[0], 0.0), self._as_pace(*row[1:]))

    def _change(self, cursor: Cursor, change: Callable[[Pace], Pace], since: float | None = None) -> Pace:
        """Change the pace in force; with ``since``, only if it was not halved after that moment."""
        age = 0.0 if since is None else time.monotonic() - since
        factor, clean_count, is_news = self._row(cursor, _READ, age=age)
        pace = self._as_pace(factor, clean_count)
        if since is not None and not is_news:
            return pace
        pace = change(pace)
        values = {"factor": pace.factor, "clean_count": pace.clean_count, "halved": since is not None}
        cursor.execute(_WRITE, {**self._key, **values})
        return pace

    def _shut_seconds(self, cursor: Cursor) -> float:
        """How long somebody else keeps the gate shut from now on."""
        cursor.execute(_SHUT_SECONDS, self._key)
        row = cursor.fetchone()
        seconds: float = row[0] if row else 0.0
        if row and not self._told_shut:
            logger.warning("Another crawl found the site down or refusing: nothing is sent until it answers that one.")
        self._told_shut = bool(row)
        return seconds

    def _shut(self, cursor: Cursor, seconds: float) -> None:
        cursor.execute(_MAKE_ROW, self._key)
        cursor.execute(_SHUT, {**self._key, "seconds": seconds})

    def _row(self, cursor: Cursor, sql: str, **values: object) -> Any:
        cursor.execute(sql, {**self._key, **values})
        row = cursor.fetchone()
        if row is None:
            cursor.execute(_MAKE_ROW, self._key)
            return self._row(cursor, sql, **values)
        return row

    def _as_pace(self, factor: float, clean_count: int) -> Pace:
        return Pace(self._pace.promise, factor, clean_count)
