"""Asks the store of a trial how it does, on a connection of its own that uses no lock and keeps no server running."""

from __future__ import annotations

from contextlib import closing

import psycopg2
from psycopg2.extensions import connection, make_dsn
from psycopg2.extras import RealDictCursor

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.trial import Trial

APPLICATION = "n8n_scraper_sampler"
"""By this name others leave our connection out of what they count."""
_FIGURES = f"""
select
    (select count(*) from run_workflows) as items,
    (select count(*) from observed) as rows,
    (select count(*) filter (where not is_done) from job_ids having count(*) > 0) as queue,
    (select count(*) from pg_stat_activity where backend_type = 'client backend' and datname = current_database()
        and application_name <> '{APPLICATION}') as connections,
    xact_commit as transactions, tup_inserted as inserts,
    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal_bytes,
    pg_database_size(datid) as database_bytes
from pg_stat_database where datname = current_database()
"""  # noqa: S608 - a constant of ours
_QUERIES = "select sum(calls)::float8 as queries, sum(total_exec_time) as query_ms from pg_stat_statements"
_HAS_STATEMENTS = """
select exists (select from pg_extension where extname = 'pg_stat_statements')
    and current_setting('shared_preload_libraries') ~ 'pg_stat_statements' as is_there
"""
_UNSEEN = "set track_counts = off; set pg_stat_statements.track = 'none'"
"""What we read is not the crawls' use of tables and indexes, nor a statement of theirs."""


class StoreProbe:
    def __init__(self, trial: Trial) -> None:
        self._postgres = trial.postgres
        self._connection: connection | None = None
        self._counts_queries = False
        self.backend_pid: int | None = None
        """Of our connection; None while there is none."""

    def ask(self) -> dict[str, float]:
        """Counters and figures by the names in the statements; empty where no server answers."""
        try:
            return self._ask()
        except (psycopg2.Error, StartError):  # a lost connection is not always an OperationalError
            self.close()
            return {}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self.backend_pid = None

    def _ask(self) -> dict[str, float]:
        if self._connection is None:
            self._connect()
        found = self._row(_FIGURES)
        return found | self._row(_QUERIES) if self._counts_queries else found

    def _connect(self) -> None:
        self._connection = connect_aside(self._postgres.dsn())
        self.backend_pid = self._connection.info.backend_pid
        self._counts_queries = bool(self._row(_HAS_STATEMENTS)["is_there"])

    def _row(self, statement: str) -> dict[str, float]:
        assert self._connection is not None
        with self._connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(statement)
            return {name: value for name, value in (cursor.fetchone() or {}).items() if value is not None}


def connect_aside(dsn: str) -> connection:
    """A connection that leaves no trace in what the server counts."""
    opened = psycopg2.connect(make_dsn(dsn, application_name=APPLICATION))
    opened.autocommit = True
    with opened.cursor() as cursor:
        cursor.execute(_UNSEEN)
    return opened


def count_queries(trial: Trial) -> None:
    """From now on this store counts its statements; its server is started for it, and again if it was not running."""
    with trial.store() as dsn, closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create extension if not exists pg_stat_statements")
            cursor.execute("alter system set shared_preload_libraries = 'pg_stat_statements'")
