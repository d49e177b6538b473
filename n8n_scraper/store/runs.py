"""The ledger of runs."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import fields
from datetime import datetime, timezone
from typing import Any, NamedTuple

import psutil
from psycopg2.extensions import cursor as Cursor

from n8n_scraper import stats
from n8n_scraper.exceptions import StartError
from n8n_scraper.report.run_data import RunData
from n8n_scraper.report.standing import Standing
from n8n_scraper.store import checkpoints, run_states, run_workflows, undone

_MOST_IDS = 100_000
"""As many as a job may have."""


class Process(NamedTuple):
    """Which process a run is. A pid alone is used again; with the time it started it is not."""

    host: str
    pid: int
    started_at: datetime

    @classmethod
    def this(cls) -> Process:
        started_at = datetime.fromtimestamp(psutil.Process().create_time(), timezone.utc)
        return cls(socket.gethostname(), os.getpid(), started_at)


class Run(NamedTuple):
    run_id: str
    job_id: int
    arguments: dict[str, Any]
    settings: dict[str, Any]
    versions: dict[str, str]


class End(NamedTuple):
    close_reason: str | None
    """None: cut off by a second signal."""
    exit_code: int
    stats: dict[str, Any]


def begin(cursor: Cursor, run: Run) -> None:
    documents = (json.dumps(document) for document in (run.arguments, run.settings, run.versions))
    cursor.execute(
        "insert into runs (run_id, job_id, arguments, settings, versions, started_at, host, pid, process_started_at)"
        " values (%s, %s, %s, %s, %s, now(), %s, %s, %s) on conflict (run_id) do nothing",
        (run.run_id, run.job_id, *documents, *Process.this()),
    )


def end(cursor: Cursor, run_id: str, end: End) -> None:
    cursor.execute(
        "update runs set ended_at = now(), close_reason = %s, exit_code = %s, stats = %s where run_id = %s",
        (end.close_reason, end.exit_code, json.dumps(end.stats), run_id),
    )


def correct(cursor: Cursor, run_id: str, end: End) -> None:
    """What became of a run is known in full only after its end, when its files are written.

    A run without a close reason was cut off, and stays without an end.
    """
    cursor.execute(
        "update runs set ended_at = case when %(reason)s is null then ended_at else coalesce(ended_at, now()) end,"
        " close_reason = %(reason)s, exit_code = %(code)s, stats = %(stats)s"
        " where run_id = %(run_id)s and (ended_at is not null or %(reason)s is not null)",
        {"reason": end.close_reason, "code": end.exit_code, "stats": json.dumps(end.stats), "run_id": run_id},
    )


def read(cursor: Cursor, run_id: str) -> RunData | None:
    """A run with all that it did; None where there is no such run."""
    names = [field.name for field in fields(RunData) if field.name not in {"visits", "standing"}]
    cursor.execute(f"select {', '.join(names)} from runs where run_id = %s", (run_id,))  # noqa: S608 - our own names
    row = cursor.fetchone()
    if row is None:
        return None
    found = dict(zip(names, row, strict=True))
    found["stats"] = found["stats"] or _last_stats(cursor, run_id)
    return RunData(**found, visits=run_workflows.read(cursor, run_id), standing=_standing(cursor, run_id))


def _last_stats(cursor: Cursor, run_id: str) -> dict[str, Any]:
    """Of a run without an end: what its last checkpoint says."""
    checkpoint = checkpoints.read_last(cursor, run_id)
    if checkpoint is None:
        return {}
    limiter = checkpoint.limiter
    planned = {stats.PLANNED_COUNT: checkpoint.total_workflows} if checkpoint.total_workflows else {}
    return planned | {
        stats.RATE_REQUEST_COUNT: limiter.request_count,
        stats.RATE_WAIT_SECONDS: limiter.wait_seconds,
        stats.RATE_LIMITED_COUNT: limiter.limited_count,
        stats.RETRY_COUNT: limiter.retry_count,
        stats.PUT_OFF_COUNT: limiter.put_off_count,
    }


def _standing(cursor: Cursor, run_id: str) -> Standing | None:
    state = run_states.of_id(cursor, run_id)
    if state is None:
        return None
    is_last = state.is_last_of_job and state.job_id is not None
    left = undone.left(cursor, state.job_id, _MOST_IDS) if is_last and state.job_id is not None else []
    return Standing(state.told, is_last, tuple(left))


def resolve(cursor: Cursor, name: str = "") -> str:
    """The one run of that name, or whose name begins so; the last one where no name is given.

    Raises:
        StartError: there is none, or more than one.
    """
    found = find(cursor, name)
    if not found:
        last = find(cursor)
        if last:
            raise StartError(f"There is no run {name[:80]!r}; the last ones are {', '.join(last)}.")
        raise StartError(f"The store knows no run{f' {name[:80]!r}' if name else ''}.")
    if name and len(found) > 1 and name not in found:
        raise StartError(f"Run {name}: more than one begins so: {', '.join(found)}.")
    return name if name in found else found[0]


def find(cursor: Cursor, start: str = "") -> list[str]:
    """Runs whose name begins with ``start``, the last one first; at most ten."""
    cursor.execute(
        "select run_id from runs where starts_with(run_id, %s) order by started_at desc, run_id desc limit 10", (start,)
    )
    return [row[0] for row in cursor.fetchall()]
