"""Copies a whole store into an empty one: every table, in one transaction, counted on both sides before the commit.

Rows go straight from one server to the other (COPY), so versions may differ, and nothing is written to a disk between.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter

import psycopg2
from psycopg2 import extensions, sql

from n8n_scraper.exceptions import StartError
from n8n_scraper.store.migrations import load_migrations

_CREATED = re.compile(r"^create table (?:if not exists )?(\w+)", re.MULTILINE)
_WORK = ("observed", "jobs", "runs")
"""A store is empty when these are: it may know its site, and what migrations put into it."""
_LETTING_GO_SECONDS = 30.0


def store_tables() -> list[str]:
    """The tables that our migrations make; a database may have others, which are not ours to touch."""
    return [name for migration in load_migrations() for name in _CREATED.findall(migration.sql)]


def require_empty(connection: extensions.connection) -> None:
    """Raise a StartError when a migrated store holds a workflow, a job or a run."""
    with connection, connection.cursor() as cursor:
        if any(_has_rows(cursor, table) for table in _WORK):
            raise StartError("The store to fill is not empty: name an empty database, or another N8N_SCRAPER_DATA_DIR.")


def others_using(connection: extensions.connection) -> int:
    """How many other connections to this database there are."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"
        )
        return _number(cursor)


def wait_until_alone(connection: extensions.connection) -> None:
    """Until the server has let go of a client that has just ended, at most some seconds."""
    end = time.monotonic() + _LETTING_GO_SECONDS
    while others_using(connection) and time.monotonic() < end:
        time.sleep(0.05)


def copy_store(source: extensions.connection, target: extensions.connection) -> dict[str, int]:
    """Copy all rows; the target is migrated, empty, and unchanged unless all went well. Returns rows by table.

    Raises:
        StartError: the target is not empty, the source is in use, or the counts differ afterwards.
    """
    if others_using(source):
        raise StartError("The store is in use: wait for the crawl or the shell that uses it, and try again.")
    require_empty(target)
    source.set_session(isolation_level="REPEATABLE READ", readonly=True)
    try:
        with source, target, source.cursor() as reading, target.cursor() as writing:
            return _copy_tables(reading, writing)
    except psycopg2.Error as error:
        raise StartError(f"The copy failed and was undone: {str(error).strip().splitlines()[0]}.") from None


def _copy_tables(reading: extensions.cursor, writing: extensions.cursor) -> dict[str, int]:
    tables = _in_order_of_references(writing, store_tables())
    for table in reversed(tables):  # what migrations put into it comes again with the copy
        writing.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
    for table in tables:
        _copy_table(reading, writing, table)
        _continue_numbers(writing, table)
    counts = {table: _count(reading, table) for table in tables}
    arrived = {table: _count(writing, table) for table in tables}
    if arrived != counts:
        raise StartError(f"The copy was undone: {_differences(counts, arrived)}.")
    return counts


def _copy_table(reading: extensions.cursor, writing: extensions.cursor, table: str) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, _columns(writing, table)))
    copy = sql.SQL("copy {} ({}) {}")
    copy_out = copy.format(sql.Identifier(table), columns, sql.SQL("to stdout"))
    copy_in = copy.format(sql.Identifier(table), columns, sql.SQL("from stdin"))
    out_of_pipe, into_pipe = os.pipe()
    with ThreadPoolExecutor(1) as executor:
        sending = executor.submit(_send, reading, copy_out, into_pipe)
        with open(out_of_pipe, "rb") as pipe:  # noqa: PTH123 - a descriptor; closed early, it stops the sender
            writing.copy_expert(copy_in, pipe)
        sending.result()


def _send(reading: extensions.cursor, copy_out: sql.Composed, into_pipe: int) -> None:
    with open(into_pipe, "wb") as pipe:
        reading.copy_expert(copy_out, pipe)


def _columns(cursor: extensions.cursor, table: str) -> list[str]:
    """All but the generated ones, which a COPY cannot carry."""
    cursor.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped"
        " and attgenerated = '' order by attnum",
        (table,),
    )
    return [name for (name,) in cursor.fetchall()]


def _in_order_of_references(cursor: extensions.cursor, tables: list[str]) -> list[str]:
    cursor.execute(
        "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint"
        " where contype = 'f' and conrelid <> confrelid and conrelid = any(%s::regclass[])",
        (tables,),
    )
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(tables, ()))
    for table, referenced in cursor.fetchall():
        order.add(table, referenced)
    return list(order.static_order())


def _continue_numbers(cursor: extensions.cursor, table: str) -> None:
    """COPY brings the numbers of identity columns along, but not how far they had got."""
    cursor.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attidentity <> '' and not attisdropped",
        (table,),
    )
    for (column,) in cursor.fetchall():
        advance = sql.SQL("select setval(pg_get_serial_sequence(%s, %s), max({})) from {} having max({}) is not null")
        name = sql.Identifier(column)
        cursor.execute(advance.format(name, sql.Identifier(table), name), (table, column))


def _has_rows(cursor: extensions.cursor, table: str) -> bool:
    cursor.execute(sql.SQL("select exists (select from {})").format(sql.Identifier(table)))
    return bool(cursor.fetchone() == (True,))


def _count(cursor: extensions.cursor, table: str) -> int:
    cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
    return _number(cursor)


def _number(cursor: extensions.cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _differences(counts: Mapping[str, int], arrived: Mapping[str, int]) -> str:
    return ", ".join(
        f"{table} has {arrived[table]} of {count} rows" for table, count in counts.items() if arrived[table] != count
    )
