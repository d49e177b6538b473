"""Jobs: what one JOBDIR names. The first start fixes arguments and ids; rows say what is left."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from n8n_scraper.exceptions import StartError
from n8n_scraper.items import ANSWERED, LAYERS, STAGES

LOCK_CLASS = 0x6E386E
"""First key of the advisory lock that a process holds on its job ("n8n")."""


class Job(NamedTuple):
    id: int
    key: str | None
    arguments: dict[str, Any]
    is_prepared: bool
    """Its ids are fixed."""
    has_prices: bool
    """The listing was read to its end."""
    is_finished: bool
    epoch: int
    """Grows whenever the job is taken from whoever holds it, see :func:`take_away`."""


class JobId(NamedTuple):
    """An id of a job that is not done."""

    id: int
    attempt_count: int = 0
    request_count: int = 0
    not_before: datetime | None = None
    is_stored: bool = False
    """Its row is stored: only stages are left of it."""


def open_job(cursor: Cursor, key: str | None, arguments: dict[str, Any]) -> Job:
    """Find the job of ``key``, or make it; hold it for this connection.

    A start that ended before the ids were fixed has fixed nothing: the next one's arguments count.

    Raises:
        StartError: when another process holds it.
    """
    cursor.execute(
        "insert into jobs (key, arguments) values (%s, %s)"
        " on conflict (key) do update set arguments = excluded.arguments where jobs.prepared_at is null",
        (key, json.dumps(arguments)),
    )
    if key is None:
        cursor.execute("select * from jobs where id = lastval()")
    else:
        cursor.execute("select * from jobs where key = %s", (key,))
    names = [column.name for column in cursor.description]
    row = dict(zip(names, cursor.fetchone(), strict=True))
    if not hold(cursor, row["id"]):
        raise StartError(f"Job {key} is being crawled by another process; wait for it or give another JOBDIR.")
    is_prepared, has_prices, is_finished = (
        row[name] is not None for name in ("prepared_at", "prices_read_at", "finished_at")
    )
    return Job(row["id"], row["key"], row["arguments"], is_prepared, has_prices, is_finished, row["epoch"])


def hold(cursor: Cursor, job_id: int) -> bool:
    """Take the job for this session of the database; it ends with the connection."""
    cursor.execute("select pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, job_id))
    return bool(cursor.fetchone()[0])


def read_epoch(cursor: Cursor, job_id: int) -> int:
    cursor.execute("select epoch from jobs where id = %s", (job_id,))
    epoch: int = cursor.fetchone()[0]
    return epoch


def task_key(task: int) -> str:
    """The key of the job of a worker's task."""
    return f"work/{task}"


def take_away(cursor: Cursor, key: str) -> None:
    """From now on nobody who holds the job can hold it again; commit this before :func:`end_holders`."""
    cursor.execute("update jobs set epoch = epoch + 1 where key = %s", (key,))


def end_holders(cursor: Cursor, key: str) -> int:
    """End the connections that hold the job, and with them what they were about to commit; how many there were."""
    cursor.execute(
        "select count(*) filter (where pg_terminate_backend(l.pid, 5000)) from pg_locks l"
        " join pg_database d on d.oid = l.database and d.datname = current_database()"
        " join jobs j on l.objid::bigint = j.id"
        " where l.locktype = 'advisory' and l.classid = %s and l.objsubid = 2 and l.granted and j.key = %s",
        (LOCK_CLASS, key),
    )
    count: int = cursor.fetchone()[0]
    return count


def prepare(cursor: Cursor, job_id: int, ids: Iterable[JobId]) -> None:
    """Fix the ids of a job."""
    execute_values(
        cursor,
        "insert into job_ids (job_id, id, is_stored) values %s on conflict do nothing",
        [(job_id, entry.id, entry.is_stored) for entry in ids],
        page_size=10_000,
    )
    cursor.execute("update jobs set prepared_at = now() where id = %s", (job_id,))


def created_at(cursor: Cursor, job_id: int) -> datetime:
    """When the job was first started."""
    cursor.execute("select created_at from jobs where id = %s", (job_id,))
    moment: datetime = cursor.fetchone()[0]
    return moment


def note_prices_read(cursor: Cursor, job_id: int) -> None:
    cursor.execute("update jobs set prices_read_at = now() where id = %s", (job_id,))


def read_pending(cursor: Cursor, job_id: int) -> list[JobId]:
    cursor.execute(
        "select id, attempt_count, request_count, not_before, is_stored from job_ids"
        " where job_id = %s and not is_done order by id",
        (job_id,),
    )
    return [JobId(*row) for row in cursor.fetchall()]


def count_ids(cursor: Cursor, job_id: int) -> tuple[int, int]:
    """Ids of the job in all, and done."""
    cursor.execute("select count(*), count(*) filter (where is_done) from job_ids where job_id = %s", (job_id,))
    total, done = cursor.fetchone()
    return total, done


def acknowledge(cursor: Cursor, job_id: int, ids: Collection[int]) -> None:
    """Mark ids done: in the transaction that wrote their rows."""
    cursor.execute("update job_ids set is_done = true where job_id = %s and id = any(%s)", (job_id, list(ids)))


def note_stored(cursor: Cursor, job_id: int, ids: Collection[int]) -> None:
    """Mark ids whose row is stored and whose stages are not yet done: in the transaction that wrote their rows."""
    cursor.execute("update job_ids set is_stored = true where job_id = %s and id = any(%s)", (job_id, list(ids)))


def put_off(cursor: Cursor, job_id: int, entry: JobId) -> None:
    """Remember a retry that waits, so that it survives a kill."""
    cursor.execute(
        "update job_ids set attempt_count = %s, request_count = %s, not_before = %s where job_id = %s and id = %s",
        (entry.attempt_count, entry.request_count, entry.not_before, job_id, entry.id),
    )


def give_back(cursor: Cursor, job_id: int, counts: Mapping[int, int]) -> None:
    """Take ``counts`` attempts off these ids."""
    cursor.execute(
        "update job_ids set attempt_count = greatest(0, attempt_count - given.count)"
        " from unnest(%s::bigint[], %s::int[]) as given (id, count) where job_id = %s and job_ids.id = given.id",
        (list(counts), list(counts.values()), job_id),
    )


def finish(cursor: Cursor, job_id: int) -> bool:
    """Mark the job finished when nothing is left of it; says whether it is."""
    cursor.execute(
        "update jobs set finished_at = now() where id = %(id)s and finished_at is null"
        " and prepared_at is not null and not exists (select from job_ids where job_id = %(id)s and not is_done)",
        {"id": job_id},
    )
    return bool(cursor.rowcount == 1)


def stored_ids(cursor: Cursor) -> list[int]:
    """All workflows that have a row."""
    cursor.execute("select id from observed order by id")
    return [row[0] for row in cursor.fetchall()]


def due_ids(
    cursor: Cursor,
    ids: Sequence[int],
    layers: Sequence[int],
    refresh: str | float,
    *,
    api_open: bool,
    stages: Sequence[str] = (),
) -> list[int]:
    """Those of ``ids`` that the contract calls due, in their order.

    Settled is: every layer asked for is ok, missing or gone, or disallowed while robots.txt still closes the API; of
    stages also disallowed, by whoever has the files. With ``refresh`` "changed" it is due, too, when the listing told
    something else since it was scraped.
    """
    if refresh == "all":
        return list(ids)
    settled = [*ANSWERED, "gone"] + ([] if api_open else ["disallowed"])
    conditions = [f"{LAYERS[layer]} = any(%(settled)s)" for layer in layers]
    conditions += [f"{STAGES[stage]} = any(%(through)s)" for stage in stages]
    is_settled = " and ".join(conditions)
    days = refresh if isinstance(refresh, (int, float)) else None
    cursor.execute(
        f"select id from observed where id = any(%(ids)s) and {is_settled}"  # noqa: S608 - names of items.py
        " and (%(days)s::float is null or crawl_status = 'gone'"
        " or scraped_at > now() - %(days)s::float * interval '1 day')"
        " and not (%(changed)s and crawl_status <> 'gone' and exists (select from listing_digests d"
        " where d.id = observed.id and d.changed_at > coalesce(scraped_at, '-infinity')))",
        {
            "ids": list(ids),
            "settled": settled,
            "through": [*ANSWERED, "gone", "disallowed"],
            "days": days,
            "changed": refresh == "changed",
        },
    )
    done = {row[0] for row in cursor.fetchall()}
    return [id for id in ids if id not in done]
