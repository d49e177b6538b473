"""What a store is like: its server, its size, its rows. Asks, and changes nothing."""

from __future__ import annotations

from typing import NamedTuple

from psycopg2 import extensions

from n8n_scraper.exceptions import StartError
from n8n_scraper.store.migrations import applied_migrations, pending_migrations


class Condition(NamedTuple):
    server_version: str
    size: int
    """Of the whole database, in bytes."""
    applied: list[str]
    pending: list[str]
    """Migrations that the next crawl will apply."""
    refusal: str
    """Why this code refuses the store; empty when it does not."""
    site: tuple[str, str] | None
    """The addresses it was made for, site and API."""
    rows: dict[str, int]
    """Workflows by crawl_status."""


def read_condition(connection: extensions.connection) -> Condition:
    applied = applied_migrations(connection)
    try:
        pending, refusal = pending_migrations(connection), ""
    except StartError as error:
        pending, refusal = [], str(error)
    with connection, connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version'), pg_database_size(current_database())")
        version, size = cursor.fetchone() or ("unknown", 0)
        if not applied:
            return Condition(version, size, applied, pending, refusal, None, {})
        cursor.execute("select site_url, api_url from store_info")
        site = cursor.fetchone()
        cursor.execute("select crawl_status, count(*) from observed group by 1 order by 1")
        return Condition(version, size, applied, pending, refusal, site, dict(cursor.fetchall()))
