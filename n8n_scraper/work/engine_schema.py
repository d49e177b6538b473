"""The schema of the queue's engine: procrastinate's own SQL, in a schema of its own in the store's database.

Which of its migrations a database has is noted there, so that a newer procrastinate is brought in by applying what is
missing, each file once, in the order of their names, as its documentation asks for.
"""

from __future__ import annotations

import re
from pathlib import Path

import psycopg2
from procrastinate.schema import SchemaManager
from psycopg2 import extensions
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.exceptions import StartError
from n8n_scraper.work.tasks import SCHEMA, enter_engine_schema, queue_missing

_LOCK = 0x6E386E77
_NOTED = f"{SCHEMA}.applied_migrations"
_FILE_NAME = re.compile(r"\d\d\.\d\d\.\d\d_\d\d_\w+\.sql")


def install_engine(connection: extensions.connection) -> list[str]:
    """Make the engine's schema, or bring it to the installed version; the names of the migrations applied.

    Raises:
        StartError: the user may not make a schema, or the schema is of a newer procrastinate.
    """
    known = [file.name for file in _files()]
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            return _install(cursor, known)
    except psycopg2.errors.InsufficientPrivilege:
        raise StartError(
            f"The user {connection.info.user!r} may not make the schema {SCHEMA} in the database "
            f"{connection.info.dbname!r}: run GRANT CREATE ON DATABASE."
        ) from None


def _install(cursor: Cursor, known: list[str]) -> list[str]:
    cursor.execute("select to_regclass(%s) is not null", (_NOTED,))
    if cursor.fetchone() == (True,):
        missing = _missing(cursor, known)
        enter_engine_schema(cursor)
        for file in missing:
            cursor.execute(file.read_text(encoding="utf-8"))
        names = [file.name for file in missing]
    else:
        cursor.execute(f"create schema {SCHEMA}")
        cursor.execute(f"create table {_NOTED} (name text primary key, applied_at timestamptz default now())")
        enter_engine_schema(cursor)
        cursor.execute(SchemaManager.get_schema())
        queue_missing(cursor)
        names = known
    for name in names:
        cursor.execute(f"insert into {_NOTED} (name) values (%s)", (name,))  # noqa: S608 - a name of ours
    return names


def _missing(cursor: Cursor, known: list[str]) -> list[Path]:
    cursor.execute(f"select name from {_NOTED}")  # noqa: S608 - a name of ours
    applied = {name for (name,) in cursor.fetchall()}
    if unknown := applied - set(known):
        raise StartError(f"The queue was made by a newer procrastinate (it has {max(unknown)}): install that one.")
    return [file for file in _files() if file.name not in applied]


def _files() -> list[Path]:
    folder = Path(SchemaManager.get_migrations_path())
    return sorted(file for file in folder.iterdir() if _FILE_NAME.fullmatch(file.name))
