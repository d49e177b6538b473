"""Counts of what a replica was asked, and how densely. Pure."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

WINDOWS = (1.0, 10.0)


class Traffic:
    """Requests by host, status, kind of path and fault; the fullest windows are over site and API together."""

    def __init__(self) -> None:
        self._by: dict[str, Counter[str]] = {name: Counter() for name in ("host", "status", "kind", "fault")}
        self._recent: dict[float, deque[float]] = {window: deque() for window in WINDOWS}
        self._fullest: dict[float, int] = dict.fromkeys(WINDOWS, 0)
        self._first: float | None = None
        self._last = 0.0

    @property
    def count(self) -> int:
        return sum(self._by["host"].values())

    def arrive(self, t: float) -> None:
        """A request came at ``t`` seconds; a window of 1 s holds arrivals less than 1 s apart."""
        self._first = t if self._first is None else self._first
        self._last = t
        for window, recent in self._recent.items():
            recent.append(t)
            while t - recent[0] >= window:
                recent.popleft()
            self._fullest[window] = max(self._fullest[window], len(recent))

    def answer(self, host: str, status: int, kind: str, fault: str | None) -> None:
        self._by["host"][host] += 1
        self._by["status"][str(status)] += 1
        self._by["kind"][f"{host}/{kind}"] += 1
        if fault:
            self._by["fault"][fault] += 1

    def as_dict(self) -> dict[str, Any]:
        """``by_status`` has "0" for requests that got no answer; ``seconds`` is from first to last arrival."""
        return {
            "requests": self.count,
            **{f"by_{name}": dict(sorted(counts.items())) for name, counts in self._by.items()},
            "max_in_1s": self._fullest[1.0],
            "max_in_10s": self._fullest[10.0],
            "seconds": round(self._last - (self._first or self._last), 6),
        }
