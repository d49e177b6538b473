"""How many requests went out in the last seconds: what a promised rate is held against. Pure."""

from __future__ import annotations

from collections import deque

SECONDS = 10.0


class Meter:
    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._moments: deque[float] = deque()

    def count(self, now: float) -> int:
        """Note a request; how many there were in the window that ends with it."""
        self._moments.append(now)
        while self._moments[0] <= now - self._seconds:
            self._moments.popleft()
        return len(self._moments)
