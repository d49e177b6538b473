"""What became of a run: it ended, it runs, or it never ended and its process is gone. Reads, and changes nothing."""

from __future__ import annotations

import socket
from datetime import datetime, timezone
from typing import Literal, NamedTuple

import psutil
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.live_view import age
from n8n_scraper.progress import duration
from n8n_scraper.store.jobs import LOCK_CLASS

Life = Literal["ended", "running", "silent", "dead"]
SILENT_SECONDS = 60.0
"""A run gives a sign of life every 10 seconds."""
_SAME_START_SECONDS = 5.0
_STATES = """
select r.run_id, r.job_id, j.key as job_key, r.started_at, r.ended_at, r.close_reason, r.exit_code,
    r.host, r.pid, r.process_started_at,
    coalesce((
        select c.taken_at from checkpoints c where c.run_id = r.run_id order by c.checkpoint_id desc limit 1
    ), r.started_at) as seen_at,
    not exists (
        select from runs later
        where later.job_id = r.job_id and (later.started_at, later.run_id) > (r.started_at, r.run_id)
    ) as is_last_of_job,
    exists (
        select from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and l.locktype = 'advisory' and l.objsubid = 2
            and l.classid = %(lock)s::oid and l.objid = r.job_id::oid and l.granted
    ) as job_is_held,
    j.finished_at is not null as job_is_finished,
    clock_timestamp() as now
from runs r left join jobs j on j.id = r.job_id
"""


class RunState(NamedTuple):
    """A run and what tells whether it lives; all times by the store's clock."""

    run_id: str
    job_id: int | None
    job_key: str | None
    started_at: datetime
    ended_at: datetime | None
    close_reason: str | None
    exit_code: int | None
    host: str | None
    pid: int | None
    process_started_at: datetime | None
    seen_at: datetime
    is_last_of_job: bool
    job_is_held: bool
    """Some process has the job; of its runs that can only be the last."""
    job_is_finished: bool
    now: datetime

    @property
    def silent_seconds(self) -> float:
        return (self.now - self.seen_at).total_seconds()

    @property
    def life(self) -> Life:
        holds_job = self.job_is_held and self.is_last_of_job
        is_there = process_is_there(self.host, self.pid, self.process_started_at)
        return judge_life(self.ended_at is not None, holds_job, is_there, self.silent_seconds)

    @property
    def told(self) -> str:
        """How it stands, in words."""
        life, process = self.life, f"process {self.pid} on {self.host}" if self.pid else "its process"
        seen = f"last sign of life {age(self.silent_seconds)} ago"
        if self.ended_at is not None:
            how, took = f"{self.close_reason} (exit code {self.exit_code})", self.ended_at - self.started_at
            return f"ended: {how} at {self.ended_at:%Y-%m-%d %H:%M} UTC, after {duration(took.total_seconds())}"
        if life == "running":
            return f"running for {duration((self.now - self.started_at).total_seconds())} ({process})"
        if life == "silent":
            return f"silent: {process} still has its job, but is stopped, hung or out of reach; {seen}"
        return f"dead: it never ended, and {process} is gone; {seen}"


def judge_life(has_ended: bool, holds_job: bool, is_there: bool | None, silent_seconds: float) -> Life:
    """``is_there``: whether its process is there, None where only its own host could tell.

    The job's lock ends with the connection of the process that holds it; that of a host that vanished may stay for as
    long as the server does not notice, and then nothing is heard of the run any more. Where a process that is not
    there holds its job, the server has not noticed its end yet, or it is in a container that has our host's name.
    """
    if has_ended:
        return "ended"
    is_silent = silent_seconds > SILENT_SECONDS
    if not is_there and (not holds_job or (is_there is False and is_silent)):
        return "dead"
    return "silent" if is_silent or is_there is False else "running"


def process_is_there(host: str | None, pid: int | None, started_at: datetime | None) -> bool | None:
    if host != socket.gethostname() or pid is None or started_at is None:
        return None
    try:
        process = psutil.Process(pid)
        began, status = process.create_time(), process.status()
    except psutil.NoSuchProcess:
        return False
    is_same = abs(datetime.fromtimestamp(began, timezone.utc) - started_at).total_seconds() <= _SAME_START_SECONDS
    return is_same and status != psutil.STATUS_ZOMBIE


def newest(cursor: Cursor) -> RunState | None:
    return _first(cursor, "order by r.started_at desc, r.run_id desc limit 1")


def of_id(cursor: Cursor, run_id: str) -> RunState | None:
    return _first(cursor, "where r.run_id = %(run_id)s", run_id=run_id)


def of_job(cursor: Cursor, key: str) -> RunState | None:
    """The last run of the job that a JOBDIR names."""
    return _first(cursor, "where j.key = %(key)s order by r.started_at desc, r.run_id desc limit 1", key=key)


def never_ended(cursor: Cursor) -> list[RunState]:
    """Runs without an end, and with no later run that went on in their place; oldest first."""
    states = _read(cursor, "where r.ended_at is null order by r.started_at")
    last = newest(cursor)
    return [state for state in states if _is_still_news(state, last)]


def _is_still_news(state: RunState, last: RunState | None) -> bool:
    """A killed run whose job went on is history, and so is one without a JOBDIR once anything ran after it."""
    if state.life != "dead":
        return True
    if state.job_key is None:
        return last is not None and last.run_id == state.run_id
    return state.is_last_of_job and not state.job_is_finished


def _first(cursor: Cursor, rest: str, **values: object) -> RunState | None:
    return next(iter(_read(cursor, rest, **values)), None)


def _read(cursor: Cursor, rest: str, **values: object) -> list[RunState]:
    cursor.execute(_STATES + rest, {"lock": LOCK_CLASS, **values})
    return [RunState(*row) for row in cursor.fetchall()]
