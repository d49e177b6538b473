"""What a statement takes, which indexes it uses, and what it takes without one of them. Leaves nothing changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import mean, median
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.scale.load.findings import percentile
from n8n_scraper.scale.load.statements import Statement

WARM_UP, ROUNDS, ROUNDS_WITHOUT, ROUNDS_OF_LOG = 2, 25, 5, 2
LONGEST_SECONDS = 12.0
"""For the rounds of one statement, when it is slow."""
LEAST_ROUNDS = 5
LONGEST_STATEMENT_MS = 30_000
_INDEXES = """
    select c.relname, t.relname, x.indisunique, pg_relation_size(c.oid), pg_get_indexdef(c.oid), k.conname
    from pg_index x join pg_class c on c.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
    left join pg_constraint k on k.conindid = c.oid and k.contype in ('p', 'u')
    where t.relnamespace = 'public'::regnamespace order by x.indisunique, t.relname, c.relname
"""
_SCANS = """
    select c.relname, pg_stat_get_xact_numscans(c.oid)
    from pg_index x join pg_class c on c.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
    where t.relnamespace = 'public'::regnamespace
"""
"""As the server counts for this connection: foreign keys that cascade are in it, which EXPLAIN does not show."""


class Index(NamedTuple):
    name: str
    table: str
    is_key: bool
    bytes: int
    definition: str
    constraint: str | None


class Timed(NamedTuple):
    statement: Statement
    milliseconds: list[float]
    indexes: list[str]
    """It used, of all tables."""
    plan: list[str]
    """Of a question, as EXPLAIN tells it."""

    @property
    def p50(self) -> float:
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        return percentile(self.milliseconds, 0.95) or 0.0


def indexes(connection: Connection) -> list[Index]:
    with connection, connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        return [Index(*row) for row in cursor.fetchall()]


def timed(connection: Connection, statement: Statement, rounds: int) -> Timed:
    """Each round in a transaction of its own that is rolled back; other values in each."""
    began = time.monotonic()
    took: list[float] = []
    used: set[str] = set()
    for number in range(WARM_UP + rounds):
        with _undone(connection) as cursor:
            before = _scans(cursor)
            milliseconds = _milliseconds(cursor, statement, number)
            used |= {name for name, count in _scans(cursor).items() if count > before.get(name, 0)}
        if number >= WARM_UP:
            took.append(milliseconds)
        if len(took) >= min(rounds, LEAST_ROUNDS) and time.monotonic() - began > LONGEST_SECONDS:
            break
    return Timed(statement, took, sorted(used), _plan(connection, statement))


def round_of(connection: Connection, statement: Statement, without: Index | None = None) -> float | None:
    """Milliseconds of a round, mean of a few, perhaps without an index; None: it cannot be done at all without.

    A first round, which fills caches, is not counted.
    """
    try:
        return mean([_alone(connection, statement, number, without) for number in range(-1, ROUNDS_WITHOUT)][1:])
    except psycopg2.errors.QueryCanceled:
        return float(LONGEST_STATEMENT_MS)
    except (psycopg2.errors.InvalidColumnReference, psycopg2.errors.UndefinedObject):  # ON CONFLICT needs the key
        return None


def log_of(connection: Connection, statement: Statement, without: Index | None = None) -> float:
    """Bytes of write-ahead log of a round, perhaps without an index: what a statement writes, which others on the
    machine do not change. The least of a few with the same values: the first may write whole pages.
    """
    written = []
    for _ in range(ROUNDS_OF_LOG):
        with _undone(connection) as cursor:
            if without is not None:
                cursor.execute(_drop(without))
            before = _log_position(cursor)
            statement.run(cursor, 0)
            written.append(_log_position(cursor) - before)
    return min(written)


def _log_position(cursor: Cursor) -> float:
    cursor.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
    return float(cursor.fetchone()[0])


def _alone(connection: Connection, statement: Statement, number: int, without: Index | None) -> float:
    with _undone(connection) as cursor:
        if without is not None:
            cursor.execute(_drop(without))
        cursor.execute(f"set local statement_timeout = {LONGEST_STATEMENT_MS}")
        return _milliseconds(cursor, statement, number)


def _scans(cursor: Cursor) -> dict[str, int]:
    cursor.execute(_SCANS)
    return dict(cursor.fetchall())


def _drop(index: Index) -> str:
    if index.constraint:
        return f"alter table {index.table} drop constraint {index.constraint} cascade"
    return f"drop index {index.name}"


def _milliseconds(cursor: Cursor, statement: Statement, number: int) -> float:
    began = time.perf_counter()
    statement.run(cursor, number)
    return (time.perf_counter() - began) * 1000


def _plan(connection: Connection, statement: Statement) -> list[str]:
    if statement.question is None:
        return []
    with _undone(connection) as cursor:
        statement.run(_Explaining(cursor), 0)
        return [line for (line,) in cursor.fetchall()]


class _Explaining:
    """A cursor that asks for the plan in place of the answer."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def execute(self, sql: str, values: Any) -> None:
        self._cursor.execute(f"explain {sql}", values)

    def fetchall(self) -> None:
        """The plan stays to be fetched."""


@contextmanager
def _undone(connection: Connection) -> Iterator[Cursor]:
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.rollback()
