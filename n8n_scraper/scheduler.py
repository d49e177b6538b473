"""A scheduler in memory: highest priority first, then first come.

What is left to do lives in the store (JOBDIR names a job there). Scrapy's own queue files would hide work after a
kill or repeat it after a clean stop, so none are written, and nothing is filtered as a duplicate: the frontier hands
out every id once.
"""

from __future__ import annotations

import heapq
import itertools

from scrapy import Request
from scrapy.core.scheduler import BaseScheduler


class MemoryScheduler(BaseScheduler):
    def __init__(self) -> None:
        self._queue: list[tuple[int, int, Request]] = []
        self._order = itertools.count()

    def has_pending_requests(self) -> bool:
        return bool(self._queue)

    def enqueue_request(self, request: Request) -> bool:
        heapq.heappush(self._queue, (-request.priority, next(self._order), request))
        return True

    def next_request(self) -> Request | None:
        return heapq.heappop(self._queue)[2] if self._queue else None
