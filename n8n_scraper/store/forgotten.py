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


_COUNTED = ("observed", "former_versions", "observed_history")
_SHOWN = """
    select
        array(
            select i->>'url' from derived d,
            json_array_elements(case when json_typeof(d.images) = 'array' then d.images end) i where d.id = any(%(ids)s)
        ),
        array(
            select v->>'video_id' from derived d,
            json_array_elements(case when json_typeof(d.videos) = 'array' then d.videos end) v where d.id = any(%(ids)s)
        )
"""
_UNSHOWN_IMAGES = """
    with shown as materialized (
        select distinct i->>'url' as url from derived d,
        json_array_elements(case when json_typeof(d.images) = 'array' then d.images end) i
    )
    delete from media_files m where url = any(%s) and not exists (select from shown where shown.url = m.url)
    returning path
"""
_UNSHOWN_TRANSCRIPTS = """
    with shown as materialized (
        select distinct v->>'video_id' as id from derived d,
        json_array_elements(case when json_typeof(d.videos) = 'array' then d.videos end) v
    )
    delete from transcripts t where video_id = any(%s) and not exists (select from shown where shown.id = t.video_id)
"""


class Removed(NamedTuple):
    """What went out of the store."""

    rows: int
    versions: int
    """Former versions."""
    observations: int
    """Of views and price."""
    images: list[str]
    """Files that nobody shows any more, as paths below DATA_DIR; they are still there."""


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
    rows, versions, observations = (_count(cursor, table, ids) for table in _COUNTED)
    cursor.execute(_SHOWN, {"ids": list(ids)})
    urls, videos = cursor.fetchone()
    for table in ("observed", *_BESIDE_ROWS):
        cursor.execute(f"delete from {table} where id = any(%s)", (list(ids),))  # noqa: S608 - names from above
    return Removed(rows, versions, observations, remove_unshown(cursor, urls, videos))


def remove_unshown(cursor: Cursor, urls: Sequence[str], video_ids: Sequence[str]) -> list[str]:
    """Remove those of these images and transcripts that no row shows.

    Returns files that nothing needs any more, as paths below DATA_DIR; they are still there.
    """
    cursor.execute(_UNSHOWN_TRANSCRIPTS, (list(video_ids),))
    cursor.execute(_UNSHOWN_IMAGES, (list(urls),))
    paths = {path for (path,) in cursor.fetchall() if path}
    # The same picture may have been found at another address, too.
    cursor.execute("select path from media_files where path = any(%s)", (list(paths),))
    return sorted(paths - {path for (path,) in cursor.fetchall()})


def names_of(cursor: Cursor, ids: Sequence[int]) -> dict[int, str | None]:
    """Names of those that have a row."""
    cursor.execute("select id, name from observed left join content using (id) where id = any(%s)", (list(ids),))
    return dict(cursor.fetchall())


def _count(cursor: Cursor, table: str, ids: Sequence[int]) -> int:
    cursor.execute(f"select count(*) from {table} where id = any(%s)", (list(ids),))  # noqa: S608 - names from above
    row = cursor.fetchone()
    return int(row[0]) if row else 0
