"""A worker: claims tasks, runs each in a process of its own, keeps its lease, and takes over what dead workers left."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Job, Status
from psycopg_pool import PoolTimeout

from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.exit_codes import FAULT
from n8n_scraper.store import jobs
from n8n_scraper.store.thread import StoreThread
from n8n_scraper.work import repeats, tasks, workers
from n8n_scraper.work.children import Children, Ended
from n8n_scraper.work.engine import PatientConnector, Schedule, SettlingManager, make_app
from n8n_scraper.work.tasks import Assignment, Batch, Claim

logger = logging.getLogger(__name__)
POLL_SECONDS = 1.0
MOST_TRIES = 5


class Terms(NamedTuple):
    """What a worker was asked for. ``lease``: seconds without a sign of life after which others take its tasks."""

    concurrency: int = 1
    queues: tuple[str, ...] = tasks.QUEUES
    lease: float = 30.0
    until_done: bool = False
    """End when nothing is left on the queue."""
    schedules: tuple[Schedule, ...] = ()
    egress: str = ""
    patience: float = 120.0
    time_factor: float = 1.0


class Service:
    """Runs until it is told to end, see :meth:`stop`."""

    def __init__(self, dsn: str, store: StoreThread, children: Children, terms: Terms) -> None:
        self._dsn = dsn
        self._store = store
        self._children = children
        self._terms = terms
        self._number = 0
        self._ended: dict[int, Ended] = {}
        self._ends = asyncio.Event()
        self.was_told_to_end = False
        """By a signal: what is left then is for others, and no fault."""

    def stop(self) -> None:
        """End in order: crawls get one clean signal, and their tasks go back to the queue."""
        self.was_told_to_end = True
        self._ends.set()
        self._children.stop()

    async def serve(self) -> None:
        """Raises:
        StoreUnavailable: the store stayed away for longer than we are patient, or fails again and again.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        tries = 0
        while not self._ends.is_set():
            began = time.monotonic()
            try:
                await self._serve_once()
            except (ProcrastinateException, PoolTimeout) as error:
                reason = type(error.__cause__ or error).__name__
                tries = tries + 1 if time.monotonic() - began < self._terms.lease else 1
                if tries == MOST_TRIES:
                    raise StoreUnavailable(f"the queue failed {tries} times in a row: {reason}") from error
                logger.warning("The queue failed (%s): the worker begins anew.", reason)
                await self._nap(POLL_SECONDS)
                await self._store.run(lambda cursor: cursor.execute("select 1"))  # waits for it

    async def _serve_once(self) -> None:
        """From one registration to its end: we were told to end, or our lease has ended."""
        terms = self._terms
        connector = PatientConnector(self._dsn, patience=terms.patience, connections=2 + terms.concurrency)
        manager = SettlingManager(connector, self._settle, self._registered, self._is_paused)
        app = make_app(manager, self._run, terms.schedules)
        async with app.open_async():
            working = asyncio.ensure_future(
                app.run_worker_async(
                    queues=[*terms.queues],
                    concurrency=terms.concurrency,
                    install_signal_handlers=False,
                    listen_notify=False,  # it ends the worker when the server restarts
                    fetch_job_polling_interval=POLL_SECONDS,
                    update_heartbeat_interval=terms.lease / 3,
                    stalled_worker_timeout=terms.lease,
                )
            )
            looking = asyncio.ensure_future(self._look_after(manager))
            await asyncio.wait({working, looking}, return_when=asyncio.FIRST_COMPLETED)
            for future in (looking, working):
                future.cancel()
            ended = await asyncio.gather(working, looking, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):  # and no cancellation
                raise error

    async def _registered(self, number: int) -> None:
        self._number = number
        await self._store.run(partial(workers.note_worker, worker=self._self()))
        logger.info("Worker %d (%s) is ready.", number, self._self().name)

    async def _is_paused(self) -> bool:
        paused: bool = await self._store.run(partial(workers.is_paused, egress=self._terms.egress))
        return paused

    def _self(self) -> workers.Worker:
        return workers.Worker(self._number, socket.gethostname(), os.getpid(), self._terms.egress, self._terms.lease)

    async def _look_after(self, manager: SettlingManager) -> None:
        """Now and then: our lease, tasks of dead workers, the end."""
        lease = self._terms.lease
        while not self._ends.is_set():
            await self._nap(min(lease / 3, 2.0))
            if self._number and not await self._store.run(partial(workers.has_lease, number=self._number)):
                logger.warning("Worker %d was taken for dead: what it had is run by others.", self._number)
                self._children.kill()
                return
            for task, outcome in await self._store.run(
                partial(workers.sweep, lease=lease, time_factor=self._terms.time_factor)
            ):
                logger.warning("Task %d was left by a dead worker: %s.", task, outcome.verdict)
            give_up = partial(workers.give_up_lost_claims, number=self._number, in_hands=manager.in_hands, lease=lease)
            await self._store.run(give_up)
            if self._terms.until_done and not await self._store.run(workers.count_left):
                self._ends.set()

    async def _nap(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._ends.wait(), seconds)
        except asyncio.TimeoutError:
            return

    async def _run(self, job: Job) -> None:
        """One task, from its claim to the end of its process."""
        claim = _claim(job)
        name = self._self().name
        assignment = await self._store.run(partial(tasks.assign, claim=claim, worker_name=name))
        if ended := await self._store.run(partial(jobs.end_holders, key=jobs.task_key(claim.task))):
            logger.warning("Task %d: %d connections of an earlier worker were ended.", claim.task, ended)
        logger.info("Task %d: %s", claim.task, assignment.kind)
        with tempfile.TemporaryDirectory(prefix="n8n_scraper-task-") as folder:
            self._ended[claim.entry] = await self._children.run(_words(claim.task, assignment, Path(folder)))

    async def _settle(self, job: Job, _status: Status) -> None:
        assert job.id is not None
        assert job.worker_id is not None
        if "batch" in job.task_kwargs:
            given: Any = job.task_kwargs["batch"]
            batch = Batch(**given)
            settle = partial(repeats.settle_schedule, entry=job.id, worker=job.worker_id, batch=batch)
            if same := await self._store.run(settle):
                logger.warning("What is due by --every was left out this time: batch %d is still at it.", same)
            return
        claim, (code, said) = _claim(job), self._ended.pop(job.id, Ended(FAULT))
        outcome = await self._store.run(
            partial(tasks.settle, claim=claim, exit_code=code, time_factor=self._terms.time_factor, said=said)
        )
        if outcome is None:
            logger.warning("Task %d is in other hands by now.", claim.task)
        elif outcome.verdict == "done":
            logger.info("Task %d: done", claim.task)
        else:
            logger.warning("Task %d: %s (%s)", claim.task, outcome.verdict, outcome.reason)


def _claim(job: Job) -> Claim:
    task: Any = job.task_kwargs["task"]
    assert job.id is not None
    return Claim(job.id, job.worker_id or 0, task)


def _words(task: int, assignment: Assignment, folder: Path) -> Sequence[str]:
    """The command of Scrapy that is the task."""
    if assignment.kind == "export":
        return ["export"]
    if assignment.kind == "crawl":
        return ["crawl", "workflows", "-a", f"_shard={task}"]
    arguments = {"_plan": str(task), **assignment.words}
    if assignment.ids is not None:
        file = folder / "ids.txt"
        file.write_text("".join(f"{id}\n" for id in assignment.ids), encoding="utf-8")
        arguments["ids"] = str(file)
    return ["crawl", "workflows", *(word for item in arguments.items() for word in ("-a", "=".join(item)))]
