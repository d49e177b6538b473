"""Workflows taken down: out of every table, never written again, and remembered by their number only.

Whoever writes rows holds the lock shared and asks :func:`forgotten_ids` first; taking down holds it alone. So no
transaction that began before can bring a row back after.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

LOCK = 0x6E386E66
"""Key of the advisory lock ("n8nf")."""
_BESIDE_ROWS = ("listed", "listed_prices", "listing_digests", "job_ids")
"""Tables that know of a workflow without its row; the others go with it."""


class Forgotten(NamedTuple):
    id: int
    reason: str | None
    forgotten_at: datetime


_TRANSCRIPTS = """
    delete from transcripts t using (
        select v->>'video_id' as video_id, bool_and(d.id = any(%(ids)s)) as is_only_theirs
        from derived d, json_array_elements(case when json_typeof(d.videos) = 'array' then d.videos end) v group by 1
    ) shown where t.video_id = shown.video_id and shown.is_only_theirs
"""
"""Of videos that no other workflow shows."""


class Removed(NamedTuple):
    """What went out of the store."""

    rows: int
    versions: int
    """Former versions."""
    observations: int
    """Of views and price."""


def forgotten_ids(cursor: Cursor) -> frozenset[int]:
    """Ids that must not be written; nobody can take down more before the caller's transaction ends."""
    cursor.execute("select pg_advisory_xact_lock_shared(%s)", (LOCK,))
    cursor.execute("select id from forgotten")  # a statement of its own: it sees what was committed before the lock
    return frozenset(id for (id,) in cursor.fetchall())


def read_forgotten(cursor: Cursor) -> list[Forgotten]:
    cursor.execute("select id, reason, forgotten_at from forgotten order by id")
    return [Forgotten(*row) for row in cursor.fetchall()]


def forget(cursor: Cursor, ids: Sequence[int], reason: str | None, now: datetime) -> Removed:
    """Take workflows down. Waits for transactions that write rows. Again: a reason given replaces the former one."""
    cursor.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
    execute_values(
        cursor,
        "insert into forgotten (id, reason, forgotten_at) values %s"
        " on conflict (id) do update set reason = coalesce(excluded.reason, forgotten.reason)",
        [(id, reason, now) for id in ids],
    )
    removed = Removed(*(_count(cursor, table, ids) for table in ("observed", "former_versions", "observed_history")))
    cursor.execute(_TRANSCRIPTS, {"ids": list(ids)})
    for table in ("observed", *_BESIDE_ROWS):
        cursor.execute(f"delete from {table} where id = any(%s)", (list(ids),))  # noqa: S608 - names from above
    return removed


def names_of(cursor: Cursor, ids: Sequence[int]) -> dict[int, str | None]:
    """Names of those that have a row."""
    cursor.execute("select id, name from observed left join content using (id) where id = any(%s)", (list(ids),))
    return dict(cursor.fetchall())


def _count(cursor: Cursor, table: str, ids: Sequence[int]) -> int:
    cursor.execute(f"select count(*) from {table} where id = any(%s)", (list(ids),))  # noqa: S608 - names from above
    row = cursor.fetchone()
    return int(row[0]) if row else 0
