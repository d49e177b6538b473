"""The circuit breaker: stops asking a site that is down or does not want us, and finds out when it is back. Pure.

closed ──(failures in a row)──▶ open ──(cool-down over, a probe is sent)──▶ half_open ──(it succeeds)──▶ closed
                                  ▲──────────(it fails: the cool-down doubles)──┘

The best probe is a control: a request that was answered well before, so that its failure can only be the site's. Who
has one says so (``has_control``) and sends it when :attr:`CircuitBreaker.wants_control`; else the probe is an id that
has not failed, and at last any. After a probe that succeeds, ids that failed have themselves to blame: they no longer
open the breaker, nor get their attempts back. Else a crawl of nothing but broken workflows, such as the one after a
good one, would never end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

from n8n_scraper.failures import KINDS

State = Literal["closed", "open", "half_open"]
Id = int | str | None
"""A workflow's id, or whatever names a request that belongs to none; None is nobody in particular."""

FEWEST_IDS = 3
"""One broken workflow says nothing about the site: failures must come from this many ids."""
BLOCKED_IN_A_ROW = 3
LONGEST_COOLDOWN = 600.0
PROBE_PATIENCE = 10.0
"""Seconds that a due probe waits for an id that has not failed; then any id will do."""
PROBE_LOST_AFTER = 300.0
"""Seconds after which a probe without an outcome no longer holds the crawl up."""


def _nobody_listens(state: State, reason: str) -> None:
    pass


class CircuitBreaker:
    """Told of every answer by :meth:`record`, asked before every request by :meth:`may_send`; times in seconds.

    Only failures of kinds that trip the breaker count, and only a success (or a page that is gone) ends their row.
    With a ``time_factor`` all its waits are that many times shorter; what it tells is by the true clock.
    """

    def __init__(
        self,
        threshold: int,
        cooldown: float,
        give_up: float,
        clock: Callable[[], float],
        on_change: Callable[[State, str], None] = _nobody_listens,
        time_factor: float = 1.0,
    ) -> None:
        self._threshold = threshold
        self._first_cooldown = cooldown
        self._give_up = give_up
        self._clock: Callable[[], float] = lambda: clock() * time_factor
        self._time_factor = time_factor
        self._on_change = on_change
        self._state: State = "closed"
        self._opened_at = self._probe_at = self._probe_sent_at = 0.0
        self._probe_id: Id = None
        self.has_control = False
        """While it is open, nothing but requests of nobody in particular (None) are sent."""
        self._broken: set[int | str] = set()
        """Ids that failed while the site answered others."""
        self._forget_failures()

    def _forget_failures(self) -> None:
        self._cooldown = self._first_cooldown
        self._failure_count = self._blocked_count = 0
        self._suspects: set[int | str] = set()
        self._blame: Counter[int | str] = Counter()
        self._is_blocked = False

    @property
    def state(self) -> State:
        return self._state

    @property
    def gave_up(self) -> str | None:
        """The close reason once the breaker has been open for too long: ``circuit_breaker_open`` or ``blocked``."""
        if self._state == "closed" or self._clock() - self._opened_at < self._give_up:
            return None
        return "blocked" if self._is_blocked else "circuit_breaker_open"

    @property
    def is_shut_out(self) -> bool:
        """The last that was heard is that the site does not want us."""
        return self._state != "closed" and self._is_blocked

    def open_seconds(self) -> float:
        """Since it opened; 0 when it is closed."""
        return 0.0 if self._state == "closed" else (self._clock() - self._opened_at) / self._time_factor

    def seconds_until_probe(self) -> float:
        """Until the next probe may go out; 0 when the breaker is closed or a probe is on its way."""
        return max(0.0, self._probe_at - self._clock()) / self._time_factor if self._state == "open" else 0.0

    def take_blame(self) -> dict[int | str, int]:
        """Failed attempts per id since the last success, each told once: an open breaker's are given back."""
        blame, self._blame = dict(self._blame), Counter()
        return blame

    def may_send(self, id: Id) -> bool:
        if self._state == "closed":
            return True
        if self._state == "half_open":
            return self._clock() >= self._probe_sent_at + PROBE_LOST_AFTER
        if self.has_control and id is not None:
            return False
        patience = min(PROBE_PATIENCE, self._cooldown) if self._has_failed(id) else 0.0
        return self._clock() >= self._probe_at + patience

    @property
    def wants_control(self) -> bool:
        """A probe is due, and the control is to be it."""
        return self.has_control and self._state == "open" and self.seconds_until_probe() == 0

    def holds_back(self, id: Id) -> bool:
        """Whether an id that failed waits here for another to be the probe."""
        return self._state != "closed" and self._has_failed(id)

    def _has_failed(self, id: Id) -> bool:
        return id in self._suspects or id in self._broken

    def sent(self, id: Id) -> None:
        """A request goes out; while the breaker is open it is the probe."""
        if self._state != "closed":
            self._probe_id, self._probe_sent_at = id, self._clock()
            self._change("half_open", "one request goes out as a probe")

    def record(self, kind: str | None, id: Id) -> None:
        """The outcome of one request: a failure kind, or None for a usable answer."""
        is_probe = self._state == "half_open" and id == self._probe_id
        if kind is None or kind == "gone":
            self._broken.discard(id)
            if is_probe:
                self._broken |= self._suspects - {id}
            self._close()
        elif kind == "blocked" or KINDS[kind].trips_breaker:
            self._count(kind, id)
            if is_probe:
                self._reopen(kind)
            elif self._state == "closed" and self._is_enough():
                self._open(kind)
        elif is_probe:  # says nothing about the site: the next request is a probe again
            self._change("open", f"the probe ended with {kind}, which tells nothing")

    def _count(self, kind: str, id: Id) -> None:
        if id in self._broken:
            return
        if id is not None:
            self._suspects.add(id)
            self._blame[id] += 1
        if kind == "blocked":
            self._blocked_count += 1
        else:
            self._failure_count += 1

    def _is_enough(self) -> bool:
        is_broad = len(self._suspects) >= FEWEST_IDS
        return self._blocked_count >= BLOCKED_IN_A_ROW or (self._failure_count >= self._threshold and is_broad)

    def _open(self, kind: str) -> None:
        self._opened_at = self._clock()
        ids = len(self._suspects)
        self._rest(kind, f"{self._failure_count + self._blocked_count} failures in a row, of {ids} ids, last: {kind}")

    def _reopen(self, kind: str) -> None:
        self._cooldown = min(self._cooldown * 2, LONGEST_COOLDOWN)
        self._rest(kind, f"the probe failed: {kind}")

    def _rest(self, kind: str, reason: str) -> None:
        self._is_blocked = kind == "blocked"
        self._probe_at = self._clock() + self._cooldown
        self._change("open", f"{reason}; next probe in {self._cooldown / self._time_factor:g} s")

    def _close(self) -> None:
        self._forget_failures()
        if self._state != "closed":
            self._change("closed", "the site answers again")

    def _change(self, state: State, reason: str) -> None:
        self._state = state
        self._on_change(state, reason)
