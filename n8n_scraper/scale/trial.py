"""One crawl job on trial: a replica, a store and an export folder of its own, in a temporary folder.

Crawls run as a user starts them, in a process of their own, with the embedded Postgres. Nothing here holds the store
open while they run, so that they start, share and stop its server themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extras import RealDictCursor

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.project import project_root
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.setting_rules import is_loopback
from n8n_scraper.store.database import open_database
from n8n_scraper.store.embedded import EmbeddedPostgres


@dataclass(frozen=True)
class Trial:
    """``folder`` gets ``data``, ``exports``, ``job`` and ``crawl.log``; ``settings`` go before those made here."""

    folder: Path
    replica: RunningReplica
    settings: Mapping[str, Any] = field(default_factory=dict)
    _crawls: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, address in self.replica.settings.items():
            if not is_loopback(urlsplit(address).hostname or ""):
                raise StartError(f"{name} = {address}: trials send their requests to loopback and nowhere else.")

    @property
    def exports(self) -> Path:
        return Path(self.settings.get("N8N_SCRAPER_EXPORT_DIR", self.folder / "exports"))

    @property
    def log(self) -> Path:
        return self.folder / "crawl.log"

    @property
    def postgres(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.folder / "data" / "postgres")

    @property
    def crawl_pids(self) -> list[int]:
        """Of the crawls that nobody has waited for yet."""
        return [crawl.pid for crawl in self._crawls if crawl.returncode is None]

    @property
    def all_settings(self) -> dict[str, str]:
        own = {
            **self.replica.settings,
            "DATABASE_URL": "",
            "N8N_SCRAPER_DATA_DIR": self.folder / "data",
            "N8N_SCRAPER_EXPORT_DIR": self.exports,
            "N8N_SCRAPER_REQUESTS_PER_SECOND": 0,
            "N8N_SCRAPER_CHECKS": "off",  # things fail on purpose here
            "JOBDIR": self.folder / "job",
        }
        return {name: str(value) for name, value in {**own, **self.settings}.items()}

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """``scrapy crawl workflows`` with these arguments; what it says is added to :attr:`log`."""
        command = [sys.executable, "-m", "scrapy", "crawl", "workflows"]
        for word in words:
            command += ["-a", word]
        for name, value in self.all_settings.items():
            command += ["-s", f"{name}={value}"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("N8N_SCRAPER_")}
        with self.log.open("ab") as log:
            crawl = subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=project_root() or Path.cwd(),
                env={**kept, "DATABASE_URL": ""},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._crawls.append(crawl)
        return crawl

    @contextmanager
    def store(self) -> Iterator[str]:
        """The store opened by us, made when it is not there; for before and after the crawls."""
        with open_database(Config.from_settings(self.all_settings, self.folder)) as dsn:
            yield dsn

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Ask the store without keeping its server running: of the one that runs, else of one started for this."""
        postgres = self.postgres
        if postgres.is_running():
            try:
                return rows_of(postgres.dsn(), statement, *values)
            except psycopg2.OperationalError:  # it is stopping
                pass
        with self.store() as dsn:
            return rows_of(dsn, statement, *values)

    def close(self) -> None:
        """End crawls that still run, and remove the store with its server."""
        for crawl in self._crawls:
            crawl.kill()
            crawl.wait()
        self.postgres.remove()


def rows_of(dsn: str, statement: str, *values: Any) -> list[dict[str, Any]]:
    with (
        closing(psycopg2.connect(dsn)) as connection,
        connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(statement, values)
        return [dict(row) for row in cursor.fetchall()] if cursor.description else []
