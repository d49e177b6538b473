"""The store as a crawl holds it: the database kept open, one connection on its thread, the job taken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from statistics import quantiles
from typing import Any, TypeVar

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError, StoreUnavailable
from n8n_scraper.store import jobs
from n8n_scraper.store.database import open_database, reconnect
from n8n_scraper.store.thread import StoreThread

T = TypeVar("T")


class Session:
    """Open with :meth:`open`; ``dsn`` is for others that need a connection of their own."""

    def __init__(self, config: Config, dsn: str, stack: ExitStack) -> None:
        self.dsn = dsn
        self._config = config
        self._stack = stack
        self._threads: list[StoreThread] = []
        self._thread = self.new_thread()

    @classmethod
    def open(cls, config: Config) -> Session:
        """Raises:
        StartError: the store cannot be opened.
        """
        with ExitStack() as stack:
            dsn = stack.enter_context(open_database(config))
            return cls(config, dsn, stack.pop_all())

    def new_thread(self) -> StoreThread:
        """One more connection on a thread of its own; it brings an embedded server back, and ends with the session."""
        thread = StoreThread(partial(reconnect, self._config, self.dsn), patience=self._config.store_patience)
        self._stack.callback(thread.close)
        self._threads.append(thread)
        return thread

    def take_job(self, key: str | None, arguments: dict[str, Any]) -> jobs.Job:
        """The job of this key, held until :meth:`close`."""
        job = self._thread.call(partial(jobs.open_job, key=key, arguments=arguments))
        self._thread.on_connect = partial(_hold_again, job=job)
        return job

    async def run(self, work: Callable[[Cursor], T]) -> T:
        """Run a transaction without blocking the crawl; see :class:`StoreThread`."""
        return await self._thread.run(work)

    def call(self, work: Callable[[Cursor], T]) -> T:
        """The same where nothing else goes on."""
        return self._thread.call(work)

    def query_p95(self) -> float | None:
        """Seconds that 95 % of the transactions took at most; None before the first two."""
        seconds = [took for thread in self._threads for took in thread.seconds]
        return quantiles(seconds, n=20)[-1] if len(seconds) > 1 else None

    def close(self) -> None:
        self._stack.close()


def _hold_again(cursor: Cursor, job: jobs.Job) -> None:
    if job.epoch != jobs.read_epoch(cursor, job.id):
        raise StoreUnavailable(f"job {job.key} was taken over by another worker")
    if not jobs.hold(cursor, job.id):
        raise StartError(f"Job {job.key or job.id} is held by another process since the store was away.")
