"""Batches, their tasks and the queue, as the store has them. psycopg2 only: who looks needs no engine.

A task is one entry of procrastinate's queue and one row of ours, which says what it is and what became of it. What ends
a task (its entry, its row, the tasks that follow) is one transaction, and holds only for the worker that has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.store import jobs
from n8n_scraper.work.outcome import End, Outcome, judge, shards

SCHEMA = "procrastinate"
QUEUES = ("crawl", "export")


class Batch(NamedTuple):
    """What ``scrapy work enqueue`` was given. ``words``: arguments of the crawl without ``ids``."""

    words: Mapping[str, str]
    ids: Sequence[int] | None = None
    shard_size: int = 100
    with_export: bool = False
    only_export: bool = False


class Claim(NamedTuple):
    """A task in the hands of a worker: entry of the queue, worker's number, row of ours."""

    entry: int
    worker: int
    task: int


class Assignment(NamedTuple):
    """What a worker needs to know to run a task."""

    kind: str
    words: dict[str, str]
    ids: list[int] | None


def enter_engine_schema(cursor: Cursor) -> None:
    """For this transaction: the engine's functions name its tables without their schema."""
    cursor.execute(f"select set_config('search_path', '{SCHEMA}, ' || current_setting('search_path'), true)")


def add_batch(cursor: Cursor, batch: Batch) -> int:
    """Put a batch on the queue; its first task, the plan, splits it into shards. Returns the batch's number."""
    enter_engine_schema(cursor)
    cursor.execute(
        "insert into work_batches (words, ids, shard_size, with_export) values (%s, %s, %s, %s) returning id",
        (json.dumps(dict(batch.words)), _listed(batch.ids), batch.shard_size, batch.with_export),
    )
    number: int = cursor.fetchone()[0]
    _add_task(cursor, number, "export" if batch.only_export else "plan")
    return number


def assign(cursor: Cursor, claim: Claim, worker_name: str) -> Assignment:
    """Note that the task is begun, and take its job away from whoever may still hold it."""
    cursor.execute(
        "update work_tasks set begun_at = now(), worker = %(name)s, left_count = ("
        "select count(*) from job_ids join jobs on jobs.id = job_id where key = %(key)s and not is_done"
        ") where id = %(task)s",
        {"name": worker_name, "key": jobs.task_key(claim.task), "task": claim.task},
    )
    jobs.take_away(cursor, jobs.task_key(claim.task))
    cursor.execute(
        "select kind, words, ids from work_tasks t join work_batches b on b.id = batch_id where t.id = %s",
        (claim.task,),
    )
    return Assignment(*cursor.fetchone())


def settle(
    cursor: Cursor, claim: Claim, exit_code: int | None, time_factor: float = 1.0, said: str = ""
) -> Outcome | None:
    """End the claim as the end of its process deserves; None when the task is not in this worker's hands any more.

    ``time_factor``: waits are so many times shorter; ``said``: the last line of the errors of an export.
    """
    enter_engine_schema(cursor)
    cursor.execute(
        "select from procrastinate_jobs where id = %s and worker_id = %s and status = 'doing' for update",
        (claim.entry, claim.worker),
    )
    if not cursor.rowcount:
        return None
    outcome = conclude(cursor, claim.entry, claim.task, exit_code, time_factor, said)
    if outcome.concerns_site:
        _pause(cursor, claim.worker, outcome)
    return outcome


def conclude(
    cursor: Cursor, entry: int, task: int, exit_code: int | None, time_factor: float = 1.0, said: str = ""
) -> Outcome:
    """The caller holds the entry's row, and is in the engine's schema."""
    kind, end = _read_end(cursor, task, exit_code)
    outcome = judge(replace(end, said=said))
    outcome = replace(outcome, wait=outcome.wait / time_factor)
    if outcome.verdict == "again":
        cursor.execute(
            "select procrastinate_retry_job_v2(%s, now() + make_interval(secs => %s), null, null, null)",
            (entry, 0.0 if outcome.concerns_site else outcome.wait),  # another egress may have it at once
        )
    else:
        status = "succeeded" if outcome.verdict == "done" else "failed"
        cursor.execute("select procrastinate_finish_job_v1(%s, %s, false)", (entry, status))
    cursor.execute(
        "update work_tasks set reason = %(reason)s, crash_count = %(crashes)s,"
        " finished_at = case when %(verdict)s = 'done' then now() end,"
        " set_aside_at = case when %(verdict)s = 'aside' then now() end where id = %(task)s returning batch_id",
        {"reason": outcome.reason, "crashes": outcome.crash_count, "verdict": outcome.verdict, "task": task},
    )
    (batch,) = cursor.fetchone()
    if outcome.verdict == "done" and kind == "plan":
        _split(cursor, batch, task)
    if outcome.verdict != "again":
        add_export(cursor, batch)
    return outcome


def put_back(cursor: Cursor) -> int:
    """Put what was set aside on the queue again, and end all pauses; how many tasks that were."""
    enter_engine_schema(cursor)
    cursor.execute("delete from work_pauses")
    cursor.execute(
        "update work_tasks set set_aside_at = null, crash_count = 0 where set_aside_at is not null returning id"
    )
    tasks = [id for (id,) in cursor.fetchall()]
    cursor.execute(
        "select procrastinate_retry_job_v2(id, now(), null, null, null) from procrastinate_jobs"
        " where status = 'failed' and (args ->> 'task')::bigint = any(%s)",
        (tasks,),
    )
    queue_missing(cursor)
    return len(tasks)


def queue_missing(cursor: Cursor) -> None:
    """Put tasks on the queue that have no entry there: a store that was restored or moved has tasks and no queue."""
    enter_engine_schema(cursor)
    cursor.execute(
        "select id, kind from work_tasks t where finished_at is null and set_aside_at is null and not exists"
        " (select from procrastinate_jobs where (args ->> 'task')::bigint = t.id) order by id"
    )
    for task, kind in cursor.fetchall():
        _queue(cursor, task, kind)


def _read_end(cursor: Cursor, task: int, exit_code: int | None) -> tuple[str, End]:
    cursor.execute(
        "select kind, crash_count, left_count, j.finished_at is not null, j.prepared_at is not null,"
        " (select count(*) from job_ids where job_id = j.id and not is_done),"
        " (select close_reason from runs where job_id = j.id and started_at > begun_at - interval '1 minute'"
        " order by started_at desc limit 1)"  # of another machine's clock
        " from work_tasks t left join jobs j on j.key = %s where t.id = %s",
        (jobs.task_key(task), task),
    )
    kind, crashes, before, is_finished, is_prepared, left, close_reason = cursor.fetchone()
    is_planned = is_finished or (is_prepared and close_reason == "planned")
    done = {"crawl": is_finished, "plan": is_planned, "export": exit_code == 0}[kind]
    progress = kind == "crawl" and before is not None and left < before
    return kind, End(exit_code, done, close_reason, progress, crashes, makes_rows=kind != "export")


def _pause(cursor: Cursor, worker: int, outcome: Outcome) -> None:
    """What the site refuses this worker it refuses all that ask from the same address."""
    cursor.execute(
        "insert into work_pauses (egress, until, reason)"
        " select egress, now() + make_interval(secs => %s), %s from work_workers where worker_id = %s"
        " on conflict (egress) do update set until = greatest(work_pauses.until, excluded.until),"
        " reason = excluded.reason",
        (outcome.wait, outcome.reason, worker),
    )


def _split(cursor: Cursor, batch: int, plan: int) -> None:
    """Hand the ids of the plan's job to jobs of their own, which are prepared as it is."""
    cursor.execute(
        "update jobs set finished_at = now() from work_batches b where key = %s and b.id = %s"
        " returning jobs.id, arguments, prices_read_at, shard_size",
        (jobs.task_key(plan), batch),
    )
    job, arguments, prices_read_at, size = cursor.fetchone()
    cursor.execute("select id from job_ids where job_id = %s and not is_done order by id", (job,))
    for ids in shards([id for (id,) in cursor.fetchall()], size):
        task = _add_task(cursor, batch, "crawl", len(ids))
        cursor.execute(
            "with made as (insert into jobs (key, arguments, prepared_at, prices_read_at)"
            " values (%s, %s, now(), %s) returning id)"
            " update job_ids set job_id = made.id from made where job_id = %s and job_ids.id = any(%s)",
            (jobs.task_key(task), json.dumps(arguments), prices_read_at, job, ids),
        )


def add_export(cursor: Cursor, batch: int) -> None:
    """Once nothing else of the batch is left."""
    cursor.execute(
        "select from work_batches b where id = %s and with_export"
        " and not exists (select from work_tasks where batch_id = b.id and kind = 'export')"
        " and not exists (select from work_tasks where batch_id = b.id and finished_at is null"
        " and set_aside_at is null) for update",
        (batch,),
    )
    if cursor.rowcount:
        _add_task(cursor, batch, "export")


def _add_task(cursor: Cursor, batch: int, kind: str, id_count: int = 0) -> int:
    cursor.execute(
        "insert into work_tasks (batch_id, kind, id_count) values (%s, %s, %s) returning id", (batch, kind, id_count)
    )
    task: int = cursor.fetchone()[0]
    _queue(cursor, task, kind)
    return task


def _queue(cursor: Cursor, task: int, kind: str) -> None:
    queue = "export" if kind == "export" else "crawl"
    cursor.execute(
        "select procrastinate_defer_jobs_v1(array[row(%s, 'run', 0, null, null, %s, null)"
        "::procrastinate_job_to_defer_v1])",
        (queue, json.dumps({"task": task})),
    )


def _listed(ids: Sequence[int] | None) -> list[int] | None:
    return None if ids is None else list(ids)
