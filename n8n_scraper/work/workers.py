"""Workers as the store has them: who is there, whose lease ended, what was left in dead hands. psycopg2 only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.work.outcome import Outcome
from n8n_scraper.work.tasks import conclude, enter_engine_schema


class Worker(NamedTuple):
    number: int
    host: str
    pid: int
    egress: str
    lease: float = 30.0

    @property
    def name(self) -> str:
        return f"{self.host}:{self.pid}"


class Swept(NamedTuple):
    """A task that was taken from a worker that is no more."""

    task: int
    outcome: Outcome


def note_worker(cursor: Cursor, worker: Worker) -> None:
    cursor.execute(
        "insert into work_workers (worker_id, host, pid, egress, lease_seconds) values (%s, %s, %s, %s, %s)", worker
    )


def has_lease(cursor: Cursor, number: int) -> bool:
    """Whether nobody has taken the worker for dead."""
    enter_engine_schema(cursor)
    cursor.execute("select from procrastinate_workers where id = %s", (number,))
    return bool(cursor.rowcount)


def sweep(cursor: Cursor, lease: float, time_factor: float = 1.0) -> list[Swept]:
    """Strike off workers that were not heard of for ``lease`` seconds, and settle the tasks they had."""
    enter_engine_schema(cursor)
    cursor.execute("select procrastinate_prune_stalled_workers_v1(%s)", (lease,))
    cursor.execute("delete from work_workers where worker_id not in (select id from procrastinate_workers)")
    cursor.execute(
        "select id, (args ->> 'task')::bigint from procrastinate_jobs"
        " where status = 'doing' and worker_id is null for update skip locked"
    )
    return [_take_back(cursor, entry, task, time_factor) for entry, task in cursor.fetchall()]


def give_up_lost_claims(cursor: Cursor, number: int, in_hands: Collection[int], lease: float) -> int:
    """Entries that the queue gave to this worker and that never reached it, because the answer was lost."""
    enter_engine_schema(cursor)
    cursor.execute(
        "select procrastinate_retry_job_v2(j.id, now(), null, null, null) from procrastinate_jobs j"
        " where status = 'doing' and worker_id = %s and not id = any(%s::bigint[])"
        " and (select max(at) from procrastinate_events e where e.job_id = j.id and type = 'started')"
        " < now() - make_interval(secs => %s)",
        (number, list(in_hands), lease),
    )
    return int(cursor.rowcount)


def is_paused(cursor: Cursor, egress: str) -> bool:
    """Whether no worker of this egress is to begin a crawl now."""
    cursor.execute("select from work_pauses where egress = %s and until > now()", (egress,))
    return bool(cursor.rowcount)


def count_left(cursor: Cursor) -> int:
    """Entries that are not done, those that wait for their time included."""
    enter_engine_schema(cursor)
    cursor.execute("select count(*) from procrastinate_jobs where status in ('todo', 'doing')")
    count: int = cursor.fetchone()[0]
    return count


class Undone(NamedTuple):
    """Tasks that came to no good end while a worker ran: since ``read_now``."""

    set_aside: int
    left: int


def read_now(cursor: Cursor) -> datetime:
    cursor.execute("select now()")
    now: datetime = cursor.fetchone()[0]
    return now


def count_undone(cursor: Cursor, since: datetime) -> Undone:
    """What was set aside before ``since`` was told then."""
    cursor.execute(
        "select count(*) filter (where set_aside_at >= %s), count(*) filter (where set_aside_at is null)"
        " from work_tasks where finished_at is null",
        (since,),
    )
    return Undone(*cursor.fetchone())


def _take_back(cursor: Cursor, entry: int, task: int | None, time_factor: float) -> Swept:
    if task is not None:
        return Swept(task, conclude(cursor, entry, task, None, time_factor))
    cursor.execute("select procrastinate_retry_job_v2(%s, now(), null, null, null)", (entry,))
    return Swept(0, Outcome("again"))
