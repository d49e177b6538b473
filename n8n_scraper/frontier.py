"""What to ask for next: workflows not yet visited, and visits that wait for a retry. Pure.

The store holds which ids of a job are not done; this is their order in memory while one process owns the job. A retry
that waits is a time in a heap: it holds no request slot and blocks nothing, and once due it goes before new work.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Pending:
    """An id of the job that is not done, with what an earlier run already spent on it."""

    id: int
    attempt_count: int = 0
    request_count: int = 0
    due_at: float = 0.0
    """Seconds on the frontier's clock; 0 = now."""


class Frontier(Generic[T]):
    """Queue of pending ids and heap of waiting retries; ``T`` is whatever a retry carries."""

    def __init__(self, pending: Iterable[Pending]) -> None:
        self._new: deque[Pending] = deque()
        self._waiting: list[tuple[float, int, Pending | T]] = []
        self._order = itertools.count()
        for entry in pending:
            if entry.due_at:
                self._wait(entry.due_at, entry)
            else:
                self._new.append(entry)

    def __len__(self) -> int:
        return len(self._new) + len(self._waiting)

    @property
    def waiting(self) -> int:
        """Entries that wait for their time."""
        return len(self._waiting)

    def next(self, now: float) -> Pending | T | None:
        """The most urgent entry: a due retry, else the next new id, else None."""
        if self._waiting and self._waiting[0][0] <= now:
            return heapq.heappop(self._waiting)[2]
        return self._new.popleft() if self._new else None

    def retry(self, at: float, what: T) -> None:
        self._wait(at, what)

    def _wait(self, at: float, what: Pending | T) -> None:
        heapq.heappush(self._waiting, (at, next(self._order), what))
