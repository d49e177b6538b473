"""Backups: the store as one file of pg_dump's custom format, back into an empty store, or moved to another server.

A backup is restored into a scratch database of the embedded Postgres first, migrated there, and then copied. So the
store is touched only after the file has proved to be whole, in one transaction, and a backup of an older version or
from another server is as good as any.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg2.errors

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.store.clients import arguments_and_environment, client_program, run_client
from n8n_scraper.store.database import check_server, connect, embedded_postgres, open_database
from n8n_scraper.store.migrations import migrate
from n8n_scraper.store.transfer import copy_store, require_empty, wait_until_alone

_MAGIC = b"PGDMP"
_SCRATCH = "n8n_scraper_restore"
_DUMP_OPTIONS = (
    "--format=custom",
    "--no-owner",
    "--no-privileges",
    "--no-tablespaces",
    "--no-publications",
    "--no-subscriptions",
    "--extension=plpgsql",  # none of those that a hosted server adds: no other server could restore them
)


def write_backup(dsn: str, file: Path) -> int:
    """Dump the database of ``dsn`` and return the size in bytes. The file is written aside and renamed when whole.

    Raises:
        StartError: the folder cannot be written, or pg_dump failed; a former file of that name is untouched.
    """
    with closing(connect(dsn)) as connection:
        program = client_program("pg_dump", connection)
    where, environment = arguments_and_environment(dsn)
    try:
        with _written_aside(file) as aside:  # to its standard output pg_dump would write the table of contents twice
            run_client([program, *where, *_DUMP_OPTIONS, "--file", aside], environment)
    except OSError as error:
        raise StartError(f"The backup {file} cannot be written: {error.strerror}.") from None
    return file.stat().st_size


def restore_backup(config: Config, file: Path) -> dict[str, int]:
    """Fill the empty store with a backup and return its rows by table.

    Raises:
        StartError: the file is no whole backup or from newer code, or the store is not empty.
    """
    try:
        with file.open("rb") as backup:
            is_backup = backup.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise StartError(f"The backup {file} cannot be read: {error.strerror}.") from None
    if not is_backup:
        raise StartError(f"{file} is no backup: give a file that scrapy db backup wrote.")
    with ExitStack() as stack:
        target = stack.enter_context(closing(connect(stack.enter_context(open_database(config, check_site=False)))))
        require_empty(target)  # copy_store asks again, but that is a long way
        scratch_dsn = stack.enter_context(_scratch_database(config))
        scratch = stack.enter_context(closing(connect(scratch_dsn)))
        program = client_program("pg_restore", scratch)
        where, environment = arguments_and_environment(scratch_dsn)
        try:
            run_client([program, *where, "--exit-on-error", "--no-owner", "--no-privileges", file], environment)
        except StartError as error:
            raise StartError(f"{error}; the store is as it was: give a whole backup.") from None
        migrate(scratch)
        wait_until_alone(scratch)
        return copy_store(scratch, target)


def move_store(dsn: str, url: str) -> dict[str, int]:
    """Copy the store of ``dsn`` into the empty database that ``url`` names, and return its rows by table.

    Raises:
        StartError: the database cannot be used or is not empty, or the store is in use.
    """
    with closing(connect(dsn)) as source, closing(connect(url)) as target:
        check_server(target)
        migrate(target)
        migrate(source)
        return copy_store(source, target)


@contextmanager
def _written_aside(file: Path) -> Iterator[Path]:
    """A private file beside ``file``, renamed to it when the context ends well."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    os.close(descriptor)
    aside = Path(name)
    try:
        yield aside
        aside.rename(file)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def _scratch_database(config: Config) -> Iterator[str]:
    """A new database in the embedded Postgres, gone afterwards."""
    with embedded_postgres(config) as server:
        administration = server.dsn("postgres")
        try:
            _execute(administration, f"drop database if exists {_SCRATCH}")  # left by a restore that was killed
            _execute(administration, f"create database {_SCRATCH}")
        except psycopg2.errors.ObjectInUse:
            raise StartError("Another restore is running: wait for its end.") from None
        try:
            yield server.dsn(_SCRATCH)
        finally:
            _execute(administration, f"drop database if exists {_SCRATCH}")


def _execute(dsn: str, statement: str) -> None:
    with closing(connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
