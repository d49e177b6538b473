"""robots.txt of a day, for all tasks of a store."""

from __future__ import annotations

from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor


class RobotsText(NamedTuple):
    """``body`` None: the host has none; ``age`` in seconds, of the store's clock."""

    body: bytes | None
    age: float


def read_text(cursor: Cursor, origin: str, valid_seconds: float) -> RobotsText | None:
    """None where it was not read, or too long ago."""
    cursor.execute(
        "select body, extract(epoch from now() - read_at)::float8 from robots_texts"
        " where origin = %s and read_at between now() - make_interval(secs => %s) and now()",
        (origin, valid_seconds),
    )
    row = cursor.fetchone()
    return RobotsText(None if row[0] is None else bytes(row[0]), row[1]) if row else None


def note_text(cursor: Cursor, origin: str, body: bytes | None) -> None:
    cursor.execute(
        "insert into robots_texts (origin, body) values (%s, %s)"
        " on conflict (origin) do update set body = excluded.body, read_at = now()",
        (origin, body),
    )
