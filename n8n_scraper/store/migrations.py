"""Brings a database to the schema of this code: numbered .sql files, each applied once, each in its own transaction.

An advisory lock lets processes that start together take turns; a store that is up to date needs none, so that who only
looks waits for nobody. The sha256 of every applied file is kept, so that an edited file is refused (write the next
number instead), and so is a database that newer code has already moved on.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg2.errors
from psycopg2 import extensions

from n8n_scraper.exceptions import StartError

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")
_LOCK = 0x6E386E
"""Key of the advisory lock: 'n8n'."""
_PATIENCE = {
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "15s",
    "idle_session_timeout": "15s",
}
"""A process that is stopped in the middle loses its connection, and with it the lock that others wait for."""
_TABLE = """create table schema_migrations (
    version int primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
)"""


class Migration(NamedTuple):
    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(folder: Path | None = None) -> list[Migration]:
    """The files ``0001_name.sql`` of a folder (the package's own without one), in order, with \\n line ends."""
    files = (folder or importlib.resources.files("n8n_scraper.store")).iterdir()
    matches = ((_FILE_NAME.fullmatch(file.name), file) for file in files)
    found = sorted(
        Migration(int(match[1]), file.name, file.read_text(encoding="utf-8").replace("\r\n", "\n"))
        for match, file in matches
        if match
    )
    for earlier, later in itertools.pairwise(found):
        if earlier.version == later.version:
            raise StartError(f"{earlier.name} and {later.name} have the same number: give one of them the next.")
    return found


def migrate(connection: extensions.connection, folder: Path | None = None) -> list[str]:
    """Apply what is missing and return the names of the files applied. The connection must be in no transaction.

    Raises:
        StartError: an applied file was edited, the database is newer than this code, its user may not create tables, or
            another process that does the same does not come to its end.
    """
    if not pending_migrations(connection, folder):
        return []
    migrations = load_migrations(folder)
    with _locked(connection):
        pending = _pending(_applied(connection), migrations)
        for migration in pending:
            _apply(connection, migration)
    return [migration.name for migration in pending]


def pending_migrations(connection: extensions.connection, folder: Path | None = None) -> list[str]:
    """The names of the files :func:`migrate` would apply; it changes nothing, and refuses what migrate refuses."""
    with connection, connection.cursor() as cursor:
        applied = _read_applied(cursor) if _is_migrated(cursor) else {}
    return [migration.name for migration in _pending(applied, load_migrations(folder))]


def applied_migrations(connection: extensions.connection) -> list[str]:
    """The names of the files a store has applied, in order."""
    with connection, connection.cursor() as cursor:
        if not _is_migrated(cursor):
            return []
        cursor.execute("select name from schema_migrations order by version")
        return [name for (name,) in cursor.fetchall()]


@contextmanager
def _locked(connection: extensions.connection) -> Iterator[None]:
    try:
        with _impatient(connection):
            _execute(connection, "select pg_advisory_lock(%s)", _LOCK)
            try:
                yield
            finally:
                if not connection.closed:
                    connection.rollback()
                    _execute(connection, "select pg_advisory_unlock(%s)", _LOCK)
    except psycopg2.errors.LockNotAvailable:
        raise StartError(
            "Another process is changing the tables of the store and does not come to its end: wait for it, or end it,"
            " and start again."
        ) from None
    except psycopg2.Error:
        if not connection.closed:
            raise
        raise StartError("The store ended the connection while its tables were changed: start again.") from None


@contextmanager
def _impatient(connection: extensions.connection) -> Iterator[None]:
    former = {name: _setting(connection, name) for name in _PATIENCE}
    for name, value in _PATIENCE.items():
        _execute(connection, "select set_config(%s, %s, false)", name, value)
    try:
        yield
    finally:
        if not connection.closed:
            connection.rollback()
            for name, value in former.items():
                _execute(connection, "select set_config(%s, %s, false)", name, value)


def _setting(connection: extensions.connection, name: str) -> str:
    with connection, connection.cursor() as cursor:
        cursor.execute("select current_setting(%s)", (name,))
        return str((cursor.fetchone() or ("",))[0])


def _applied(connection: extensions.connection) -> dict[int, str]:
    try:
        with connection, connection.cursor() as cursor:
            if not _is_migrated(cursor):
                cursor.execute(_TABLE)
            return _read_applied(cursor)
    except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.InvalidSchemaName):
        raise StartError(_not_allowed(connection)) from None


def _is_migrated(cursor: extensions.cursor) -> bool:
    cursor.execute("select to_regclass('schema_migrations') is not null")
    return bool(cursor.fetchone() == (True,))


def _read_applied(cursor: extensions.cursor) -> dict[int, str]:
    cursor.execute("select version, sha256 from schema_migrations")
    return dict(cursor.fetchall())


def _pending(applied: dict[int, str], migrations: list[Migration]) -> list[Migration]:
    newest = max((migration.version for migration in migrations), default=0)
    if max(applied, default=0) > newest:
        raise StartError(
            f"The store is at migration {max(applied):04}, newer than this code, which knows {newest:04}: "
            "use the newer n8n_scraper that made it."
        )
    for migration in migrations:
        if applied.get(migration.version, migration.sha256) != migration.sha256:
            raise StartError(
                f"{migration.name} was edited after this store had applied it: "
                "restore the file and put the change into a migration with the next number."
            )
    return [migration for migration in migrations if migration.version not in applied]


def _apply(connection: extensions.connection, migration: Migration) -> None:
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(migration.sql)  # without parameters psycopg2 leaves % alone
            cursor.execute(
                "insert into schema_migrations (version, name, sha256) values (%s, %s, %s)",
                (migration.version, migration.name, migration.sha256),
            )
    except psycopg2.errors.InsufficientPrivilege:
        raise StartError(_not_allowed(connection)) from None
    except psycopg2.errors.DuplicateTable:
        raise StartError(
            f"{migration.name} cannot be applied: the database {connection.info.dbname!r} has tables of the same names "
            "that are not ours; set DATABASE_URL to a database of its own."
        ) from None


def _not_allowed(connection: extensions.connection) -> str:
    info = connection.info
    return (
        f"The user {info.user!r} may not create tables in the database {info.dbname!r}: make it the owner of the "
        "database, or run GRANT CREATE ON SCHEMA public."
    )


def _execute(connection: extensions.connection, sql: str, *values: object) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
