"""The rate gate: the last room before the socket. Every request waits here for its turn, the most urgent first."""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from n8n_scraper.politeness.breaker import CircuitBreaker, Id
from n8n_scraper.politeness.pace import Pace
from n8n_scraper.politeness.reservation import Reservations

MISSED_AFTER = 0.25
"""A turn we are later for than this (seconds) is given up: used late, it would crowd the next ones'
second. Never two in a row: a machine that is always late still gets on."""


class GateClosed(Exception):
    """The crawl is ending: the request was not sent and will not be."""


@dataclass(order=True)
class _Waiter:
    order: tuple[int, int]
    id: Id = field(compare=False)
    since: float = field(compare=False)
    turn: asyncio.Future[None] = field(compare=False)


class Gate:
    """Lets requests out one turn at a time; with ``reservations`` None it holds back only what the breaker holds back.

    Time alone may change the breaker's mind, so while it is not closed somebody calls :meth:`wake` now and then.
    """

    def __init__(
        self,
        reservations: Reservations | None,
        *,
        breaker: CircuitBreaker | None = None,
        may_be_held: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reservations = reservations
        self._breaker = breaker
        self._may_be_held = may_be_held
        self._clock = clock
        self._waiters: list[_Waiter] = []
        self._arrivals = count()
        self._woken = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._closed = False
        self._missed_last = False
        self._last_two: deque[float] = deque(maxlen=2)
        self._clean_answers = 0
        self.pace: Pace | None = None
        """The rate in force, None until a turn was reserved."""

    @property
    def waiting(self) -> int:
        """Requests that are here and not yet sent."""
        return len(self._waiters)

    @property
    def is_unlimited(self) -> bool:
        return self._reservations is None

    @property
    def closed(self) -> bool:
        return self._closed

    async def acquire(self, priority: int = 0, id: Id = None) -> float:
        """Wait for a turn: higher priority first, then first come; returns the seconds waited.

        Raises:
            GateClosed: the request must not be sent any more.
        """
        if self._closed:
            raise GateClosed
        turn = asyncio.get_running_loop().create_future()
        waiter = _Waiter((-priority, next(self._arrivals)), id, self._clock(), turn)
        insort(self._waiters, waiter)
        self.wake()
        try:
            await turn
        finally:
            if waiter in self._waiters:  # cancelled while it waited
                self._waiters.remove(waiter)
                self.wake()
        return self._clock() - waiter.since

    def wake(self) -> None:
        """Look again at who may be sent."""
        self._woken.set()
        if self._waiters and self._serving is None:
            self._serving = asyncio.ensure_future(self._serve())
            self._serving.add_done_callback(self._served)

    def close(self) -> None:
        """From now on nothing goes out; whoever waits gets :class:`GateClosed`."""
        self._closed = True
        self._fail_all(GateClosed())
        if self._serving:
            self._serving.cancel()

    def answered_cleanly(self) -> None:
        self._clean_answers += 1

    def slow_to(self, per_second: float) -> None:
        """The site wants no more requests than that."""
        if self._reservations:
            self._reservations.limit(per_second)
            self.pace = self.pace and self.pace.limited(per_second)

    async def slow_down(self, sent_at: float, hold: float = 0.0) -> None:
        """A request sent at that time (of our clock) was answered with 429; for ``hold`` seconds nobody sends one."""
        if self._reservations:
            self._clean_answers = 0
            self.pace = await self._reservations.slow_down(sent_at)
            if hold:
                await self._reservations.hold(hold)

    async def shut(self, seconds: float) -> None:
        """Nobody else who shares our turns gets one for so long; 0 ends it."""
        if self._reservations:
            await self._reservations.shut(seconds)

    async def _serve(self) -> None:
        while self._waiters:
            if self._first() is None:
                self._woken.clear()
                await self._woken.wait()
            elif await self._is_our_turn() and (waiter := self._first()):
                self._let_out(waiter)

    def _first(self) -> _Waiter | None:
        return next((waiter for waiter in self._waiters if not waiter.turn.done() and self._may_send(waiter.id)), None)

    def _may_send(self, id: Id) -> bool:
        return self._breaker is None or self._breaker.may_send(id)

    async def _is_our_turn(self) -> bool:
        if not self._reservations:
            return True
        clean_answers, self._clean_answers = self._clean_answers, 0
        last_but_one = self._last_two[0] if len(self._last_two) == 2 else None
        turn = await self._reservations.reserve(last_but_one, clean_answers)
        self.pace = turn.pace
        await asyncio.sleep(max(0.0, turn.at - self._clock()))
        if not turn.is_open or (self._may_be_held and await self._reservations.is_held()):
            return False
        self._missed_last = self._clock() - turn.at > MISSED_AFTER and not self._missed_last
        return not self._missed_last

    def _let_out(self, waiter: _Waiter) -> None:
        self._waiters.remove(waiter)
        self._last_two.append(self._clock())
        if self._breaker:
            self._breaker.sent(waiter.id)
        waiter.turn.set_result(None)

    def _served(self, serving: asyncio.Task[None]) -> None:
        self._serving = None
        if not serving.cancelled() and (error := serving.exception()):
            self._fail_all(error)
        elif self._waiters and not self._closed:
            self.wake()

    def _fail_all(self, error: BaseException) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.turn.done():
                waiter.turn.set_exception(error)
