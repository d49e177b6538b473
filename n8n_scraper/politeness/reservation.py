"""Turns: who may send when. A reservation is the same arithmetic in this process and in the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from n8n_scraper.politeness.pace import Pace


class Turn(NamedTuple):
    """One request may be sent at ``at`` (of the clock of the reservations); ``pace`` is the rate in force then."""

    at: float
    pace: Pace
    is_open: bool = True
    """False: there is no turn, another process found the site down; ask again at ``at``."""


class Reservations(Protocol):
    """Where turns come from."""

    async def reserve(self, last_but_one: float | None, clean_answers: int) -> Turn:
        """The next free turn, given when the last but one was used, and how many clean answers came since the last."""

    async def slow_down(self, sent_at: float) -> Pace:
        """A request sent at that time was answered with 429."""

    async def hold(self, seconds: float) -> None:
        """Give no turn in the next so many seconds; who has one already is to ask before he uses it."""

    async def is_held(self) -> bool:
        """Whether nothing may be sent now."""

    def limit(self, per_second: float) -> None:
        """Promise no more than that from now on."""

    async def shut(self, seconds: float) -> None:
        """For so long (or until the next call; 0 ends it) nobody but us takes turns."""


class LocalReservations:
    """Turns of this process alone: a token bucket of ``burst`` tokens (GCRA), refilled at the pace in force."""

    def __init__(self, pace: Pace, burst: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._burst = burst
        self._clock = clock
        self._next_at = float("-inf")
        self._halved_at = float("-inf")
        self._held_until = float("-inf")

    async def reserve(self, last_but_one: float | None, clean_answers: int) -> Turn:
        self._pace = self._pace.recovered(clean_answers)
        spacing = self._pace.spacing
        now = self._clock()
        earliest = max(self._next_at, now)
        if self._burst == 1 and last_but_one is not None:
            earliest = max(earliest, min(last_but_one + self._pace.pair, earliest + self._pace.largest_shift))
        self._next_at = earliest + spacing
        return Turn(max(now, earliest - (self._burst - 1) * spacing), self._pace)

    async def slow_down(self, sent_at: float) -> Pace:
        if sent_at > self._halved_at:  # else it went out before the site could notice that we slowed down
            self._pace = self._pace.halved()
            self._halved_at = self._clock()
        return self._pace

    async def hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock() + seconds)
        self._next_at = max(self._next_at, self._held_until + (self._burst - 1) * self._pace.spacing)

    async def is_held(self) -> bool:
        return self._clock() < self._held_until

    def limit(self, per_second: float) -> None:
        self._pace = self._pace.limited(per_second)

    async def shut(self, seconds: float) -> None:
        """There is nobody else."""
