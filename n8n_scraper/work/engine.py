"""procrastinate as our queue: connections that wait for a store that is away, ends that settle in one transaction.

Only what runs a worker imports this: procrastinate comes with the extra ``work``.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

import procrastinate
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg import AsyncConnection, OperationalError
from psycopg.errors import IdleInTransactionSessionTimeout
from psycopg_pool import PoolTimeout

from n8n_scraper.store.database import DEAD_PEER, SHORT_TRANSACTIONS
from n8n_scraper.work.tasks import QUEUES, SCHEMA, Batch

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.5
_AWAY = (OperationalError, IdleInTransactionSessionTimeout, PoolTimeout)

Settle = Callable[[Job, Status], Awaitable[None]]
Run = Callable[[Job], Awaitable[None]]


class PatientConnector(procrastinate.PsycopgConnector):
    """Asks again for as long as ``patience`` seconds when the server is away; all that a worker asks may be twice."""

    def __init__(self, conninfo: str, *, patience: float, connections: int) -> None:
        super().__init__(
            conninfo=conninfo,
            kwargs={**DEAD_PEER, "application_name": "n8n_scraper work"},
            configure=_enter_schema,
            min_size=1,
            max_size=connections,
            timeout=5.0,
            reconnect_timeout=patience,
        )
        self._patience = patience

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        await self._patiently(super().execute_query_async, query, arguments)

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        row: dict[str, Any] = await self._patiently(super().execute_query_one_async, query, arguments)
        return row

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await self._patiently(super().execute_query_all_async, query, arguments)
        return rows

    async def _patiently(self, ask: Callable[..., Awaitable[Any]], query: Any, arguments: dict[str, Any]) -> Any:
        end = time.monotonic() + self._patience
        while True:
            try:
                return await ask(query, **arguments)
            except (ConnectorException, PoolTimeout) as error:
                is_away = isinstance(error, PoolTimeout) or isinstance(error.__cause__, _AWAY)
                if not is_away or time.monotonic() > end:
                    raise
                await asyncio.sleep(RETRY_SECONDS)


class SettlingManager(JobManager):
    """Leaves the end of a job to ``settle``; knows its worker's number and what it has in hands."""

    def __init__(
        self,
        connector: PatientConnector,
        settle: Settle,
        registered: Callable[[int], Awaitable[None]],
        is_paused: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__(connector)
        self._settle = settle
        self._registered = registered
        self._is_paused = is_paused
        self.in_hands: set[int] = set()

    async def register_worker(self) -> int:
        number = await super().register_worker()
        await self._registered(number)
        return number

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        if await self._is_paused():
            queues = [queue for queue in queues or QUEUES if queue != "crawl"]
            if not queues:
                return None
        job = await super().fetch_job(queues, worker_id)
        if job is not None and job.id is not None:
            self.in_hands.add(job.id)
        return job

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        try:
            await self._settle(job, status)
        finally:
            self.in_hands.discard(job.id or 0)


async def _enter_schema(connection: AsyncConnection[Any]) -> None:
    await connection.execute(f"set search_path to {SCHEMA}, public")
    await connection.execute(SHORT_TRANSACTIONS)
    await connection.commit()


class Schedule(NamedTuple):
    """A batch that comes again: ``cron`` has five fields, in UTC."""

    cron: str
    batch: Batch


def make_app(manager: SettlingManager, run: Run, schedules: Sequence[Schedule] = ()) -> procrastinate.App:
    """The engine with its tasks; ``run`` gets every task that this worker claims.

    A schedule that several workers have is one schedule: its entry is made once.
    """
    app = procrastinate.App(connector=manager.connector)
    app.job_manager = manager

    @app.task(name="run", pass_context=True)
    async def task(context: procrastinate.JobContext, /, **_: Any) -> None:
        await run(context.job)

    @app.task(name="enqueue", queue="crawl")
    async def enqueue(timestamp: int, **_: Any) -> None:
        """All that there is to do is done when it is settled."""

    for cron, batch in schedules:
        arguments: dict[str, Any] = {"batch": batch._asdict()}
        name = hashlib.sha256(json.dumps([cron, arguments]).encode()).hexdigest()
        app.periodic(cron=cron, periodic_id=name, task_kwargs=arguments)(enqueue)
    return app
