"""Opening the store: the embedded Postgres or the server of DATABASE_URL, connected, checked, migrated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import psycopg2.errors
from psycopg2 import extensions

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.store.database_url import read_database_url, refusal
from n8n_scraper.store.migrations import migrate

if TYPE_CHECKING:
    from n8n_scraper.store.embedded import EmbeddedPostgres

OLDEST_SERVER = 14
LOCKED = (
    "Another process has held a lock of the store for half a minute, one that is stopped, say: let it go on or end it,"
    " and try again."
)
DEAD_PEER = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""How long a host that says nothing any more is waited for: in silence, and (the last, in milliseconds) for its
acknowledgement of what was sent. Without it the system tries for a quarter of an hour."""
_DEFAULTS = {**DEAD_PEER, "client_encoding": "utf8"}

_SESSION = "set timezone = 'UTC'; set jit = off; set lock_timeout = '30s'"
"""Statements and not start-up options, which connection poolers refuse. Compiling (jit) costs short queries dearly.
A process that is stopped may hold a lock for ever, and a command must answer.
"""
SHORT_TRANSACTIONS = "set idle_in_transaction_session_timeout = '5s'"
"""For connections of crawls and workers, who ask one thing after the other: a process that is stopped between two loses
its connection, and its locks (on the rate that all share, say), and does its work again when it goes on.
"""
_CRAWL_SESSION = f"set lock_timeout = 0; {SHORT_TRANSACTIONS}"
"""A crawl waits."""


@contextmanager
def open_database(config: Config, *, check_site: bool = True) -> Iterator[str]:
    """The store, migrated and ready for as long as the context lasts; yields its libpq connection string.

    The string may hold a password: it belongs into no log and no message. With ``check_site`` the store remembers the
    addresses it is made for, and is refused when it was made for others.

    Raises:
        StartError: the store cannot be reached or used, and what to do.
    """
    with running_store(config) as dsn:
        try:
            with closing(connect(dsn)) as connection:
                check_server(connection)
                migrate(connection)
                if check_site:
                    _check_site(connection, config)
        except psycopg2.errors.LockNotAvailable:
            raise StartError(LOCKED) from None
        yield dsn


@contextmanager
def running_store(config: Config) -> Iterator[str]:
    """The store as it is: neither checked nor migrated."""
    if config.database_url:
        yield read_database_url(config.database_url)
    else:
        with embedded_postgres(config) as server:
            yield server.dsn()


@contextmanager
def existing_store(config: Config) -> Iterator[str]:
    """The same, where an embedded store must have been made before.

    Raises:
        StartError: there is none yet.
    """
    if not config.database_url and not embedded_postgres(config).has_data():
        raise StartError(f"There is no store in {config.data_dir} yet: the first crawl makes it.")
    with running_store(config) as dsn:
        yield dsn


def embedded_postgres(config: Config) -> EmbeddedPostgres:
    """The embedded server of the project, not started.

    Raises:
        StartError: this system has none.
    """
    if os.name != "posix":
        raise StartError("The embedded Postgres runs on Linux and macOS: set DATABASE_URL to a PostgreSQL server.")
    from n8n_scraper.store.embedded import EmbeddedPostgres  # noqa: PLC0415 - fcntl and pwd are there on POSIX only

    return EmbeddedPostgres(Path(config.data_dir) / "postgres")


def connect(dsn: str, *, application_name: str = "n8n_scraper") -> extensions.connection:
    """A connection in UTC and UTF-8 that notices a dead peer; what the DSN itself says goes first.

    Raises:
        StartError: the DSN cannot be read, or the server cannot be reached or refuses; no password in it.
    """
    given = extensions.parse_dsn(read_database_url(dsn))
    try:
        connection = psycopg2.connect(**(_DEFAULTS | {"application_name": application_name} | given))
        with connection, connection.cursor() as cursor:
            cursor.execute(_SESSION)
    except psycopg2.OperationalError as error:
        raise StartError(refusal(given, str(error))) from None
    return connection


def reconnect(config: Config, dsn: str) -> extensions.connection:
    """A connection for somebody who holds the store open; an embedded server that died is started again.

    Raises:
        StartError: as :func:`connect`.
    """
    connection = connect(dsn if config.database_url else embedded_postgres(config).revive())
    with connection, connection.cursor() as cursor:
        cursor.execute(_CRAWL_SESSION)
    return connection


def check_server(connection: extensions.connection) -> None:
    """Refuse a server that cannot hold the store.

    Raises:
        StartError: it is too old, read-only, or not in UTF-8.
    """
    name = f"The database {connection.info.dbname!r}"
    if connection.server_version < OLDEST_SERVER * 10_000:
        major = connection.server_version // 10_000
        raise StartError(f"{name} runs on PostgreSQL {major}: version {OLDEST_SERVER} or later is needed.")
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise StartError(f"{name} is not in UTF8: make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.")
    with connection, connection.cursor() as cursor:
        cursor.execute("select current_setting('transaction_read_only') = 'on'")
        if cursor.fetchone() == (True,):
            raise StartError(
                f"{name} is read-only: DATABASE_URL must name the primary server and a user who may write."
            )


def _check_site(connection: extensions.connection, config: Config) -> None:
    wanted = (config.site_url, config.api_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("insert into store_info (site_url, api_url) values (%s, %s) on conflict do nothing", wanted)
        cursor.execute("select site_url, api_url from store_info")
        made_for = cursor.fetchone()
    if made_for != wanted:
        raise StartError(
            "The store was made for {} and {}, but the settings say {} and {}: use another N8N_SCRAPER_DATA_DIR or "
            "DATABASE_URL, or set N8N_SCRAPER_SITE_URL and N8N_SCRAPER_API_URL back.".format(*(made_for or ()), *wanted)
        )
