"""What a crawl has under way: workflows being visited, and the frontier of those that are not, kept in step with the
store. No Scrapy.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from functools import partial

from n8n_scraper.frontier import Frontier, Pending
from n8n_scraper.politeness.backoff import PUT_OFF_SECONDS
from n8n_scraper.store import jobs
from n8n_scraper.store.session import Session
from n8n_scraper.visit import Source, Visit

MAX_OPEN_VISITS = 150
"""Workflows asked for and not yet committed: what a kill can make us fetch again."""

MAX_STAGED = 50
"""Workflows whose stages are under way, held in memory as whole items. Others wait in the store, as ids."""

Retry = tuple[Visit, Source]


class Worklist:
    """Ids that are left of a job; ``put_off`` are the times before which the site wants no more requests for some.

    Those whose row is ``stored`` need no visit: they wait here for a place in the stages.
    """

    def __init__(
        self,
        session: Session,
        job_id: int,
        pending: list[Pending],
        *,
        put_off: list[datetime],
        stored: Iterable[int] = (),
        time_factor: float = 1.0,
    ) -> None:
        self._session = session
        self._job_id = job_id
        self._frontier: Frontier[Retry] = Frontier(pending)
        self._visits: dict[int, Visit] = {}
        self._staged: set[int] = set()
        self._parked = deque(stored)
        self._left_out: frozenset[int] = frozenset()
        self._time_factor = time_factor
        self.put_off = put_off

    def __bool__(self) -> bool:
        """Something is waiting, under way, or not yet committed."""
        return bool(len(self._frontier) or self._visits or self._staged or self._parked)

    @property
    def visit_count(self) -> int:
        """Ids and retries that wait, and visits under way."""
        return len(self._frontier) + len(self._visits)

    @property
    def unfinished_count(self) -> int:
        """The same, with those that are in the stages or wait for a place there."""
        return self.visit_count + len(self._staged) + len(self._parked)

    def is_full(self) -> bool:
        return len(self._visits) - self._frontier.waiting >= MAX_OPEN_VISITS

    def next(self) -> Pending | Retry | None:
        """The most urgent entry that is due: a retry before a new id."""
        while (entry := self._frontier.next(time.monotonic())) is not None:
            if entry.id not in self._left_out if isinstance(entry, Pending) else entry[0].id in self._visits:
                break
        return entry

    def begin(self, visit: Visit) -> None:
        self._visits[visit.id] = visit

    def stage(self, id: int) -> bool:
        """The row is committed and its stages begin; False: no place is free, it waits until :meth:`unpark`."""
        self._visits.pop(id, None)
        if len(self._staged) >= MAX_STAGED:
            self._parked.append(id)
            return False
        self._staged.add(id)
        return True

    def unpark(self) -> list[int]:
        """Ids that waited for a place in the stages and have it now: to be read from the store."""
        places = min(MAX_STAGED - len(self._staged), len(self._parked))
        ids = [self._parked.popleft() for _ in range(places)]
        self._staged.update(ids)
        return ids

    def end(self, id: int) -> None:
        """Nothing is left to do for this workflow, or it is left to a later run."""
        self._visits.pop(id, None)
        self._staged.discard(id)

    def leave_out(self, ids: frozenset[int]) -> None:
        """Ask no more for these: they were taken down. What is under way is thrown away when it comes."""
        self._left_out = ids
        self._parked = deque(id for id in self._parked if id not in ids)
        for id in ids:
            self.end(id)

    async def retry_in(self, seconds: float, visit: Visit, source: Source) -> None:
        """Ask again in ``seconds``; remembered by the store, so that it survives a kill.

        A long wait does not hold the crawl up: the workflow is left to a later run of the job.
        """
        wait = seconds / self._time_factor
        due = datetime.now(timezone.utc) + timedelta(seconds=wait)
        entry = jobs.JobId(visit.id, visit.attempts[source], visit.request_count, due)
        await self._session.run(partial(jobs.put_off, job_id=self._job_id, entry=entry))
        if seconds > PUT_OFF_SECONDS:
            self.put_off.append(due)
            self.end(visit.id)
        else:
            self._frontier.retry(time.monotonic() + wait, (visit, source))

    async def give_back(self, failed_attempts: dict[int, int]) -> None:
        """Take failed attempts off workflows that are under way, here and in the store."""
        counts = {id: count for id, count in failed_attempts.items() if id in self._visits}
        for id, count in counts.items():
            self._visits[id].give_back(count)
        if counts:
            await self._session.run(partial(jobs.give_back, job_id=self._job_id, counts=counts))
