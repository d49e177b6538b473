"""The same work once: what is on the queue already is not put there again. psycopg2 only."""

from __future__ import annotations

import json

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.work.tasks import Batch, add_batch, enter_engine_schema


def same_unfinished(cursor: Cursor, batch: Batch) -> int | None:
    """The first batch of the same ids and arguments that has tasks to run; nobody adds one until this transaction ends.

    Neither the size of its shards nor an export after it makes a batch other work. What was set aside runs only when
    somebody says so: it does not stand in the way.
    """
    cursor.execute("lock table work_batches in share row exclusive mode")
    ids = None if batch.ids is None else list(batch.ids)
    cursor.execute(
        "select min(b.id) from work_batches b where words::jsonb = %(words)s::jsonb"
        " and (ids is null) = (%(ids)s::bigint[] is null)"
        " and (ids is null or (ids @> %(ids)s::bigint[] and ids <@ %(ids)s::bigint[]))"
        " and not exists (select from work_tasks where batch_id = b.id and kind = 'plan') = %(only_export)s"
        " and exists (select from work_tasks where batch_id = b.id"
        " and finished_at is null and set_aside_at is null)",
        {"words": json.dumps(dict(batch.words)), "ids": ids, "only_export": batch.only_export},
    )
    number: int | None = cursor.fetchone()[0]
    return number


def settle_schedule(cursor: Cursor, entry: int, worker: int, batch: Batch) -> int | None:
    """Put a batch that has come due on the queue, once; the batch that is still at the same work, if there is one."""
    enter_engine_schema(cursor)
    cursor.execute(
        "select procrastinate_finish_job_v1(id, 'succeeded', true) from procrastinate_jobs"
        " where id = %s and worker_id = %s and status = 'doing'",
        (entry, worker),
    )
    if not cursor.rowcount:
        return None
    same = same_unfinished(cursor, batch)
    if same is None:
        add_batch(cursor, batch)
    return same
