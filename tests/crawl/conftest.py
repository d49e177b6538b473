"""Real crawls, as a user starts them: ``scrapy crawl`` in a process of its own, against a replica, into a real Postgres."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.scale.trial import Trial
from n8n_scraper.store.embedded import EmbeddedPostgres

from ..waiting import PATIENCE

_numbers = itertools.count(1)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Crawl:
    """What a finished crawl left: exit code, what it said, its files."""

    code: int
    said: str
    folder: Path

    @property
    def run_folder(self) -> Path:
        return max((self.folder / "runs").iterdir())  # run ids begin with their time

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = json.loads((self.run_folder / "stats.json").read_text(encoding="utf-8"))
        return stats

    def feed(self) -> list[dict[str, Any]]:
        return _rows(self.run_folder / "workflows.jsonl")

    def snapshot(self) -> list[dict[str, Any]]:
        return _rows(self.folder / "workflows.jsonl")


def _rows(file: Path) -> list[dict[str, Any]]:
    return sorted((json.loads(line) for line in file.read_bytes().split(b"\n") if line), key=lambda row: int(row["id"]))


@dataclass(frozen=True)
class Crawler:
    """Starts crawls that share one store and one export folder."""

    folder: Path
    database_url: str
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(self, replica: RunningReplica, *words: str, **settings: Any) -> Crawl:
        done = subprocess.run(
            self.command(replica, *words, **settings),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            **self.place,
        )
        return Crawl(done.returncode, done.stdout + done.stderr, self.folder)

    def start(self, replica: RunningReplica, *words: str, **settings: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(replica, *words, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **self.place,
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        """End what a test that failed left running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
            if process.stdout is not None:
                process.stdout.close()

    @property
    def place(self) -> dict[str, Any]:
        environment = {**os.environ, "DATABASE_URL": self.database_url, "PYTHONPATH": str(ROOT)}
        return {"cwd": ROOT, "env": environment}

    def command(self, replica: RunningReplica, *words: str, **settings: Any) -> list[str]:
        given = {
            **replica.settings,
            "N8N_SCRAPER_REQUESTS_PER_SECOND": 0,
            "N8N_SCRAPER_EXPORT_DIR": self.folder,
            "N8N_SCRAPER_CHECKS": "off",  # most tests make things fail on purpose; test_checks.py turns them on
            **settings,
        }
        command = [sys.executable, "-m", "scrapy", "crawl", "workflows"]
        for word in words:
            command += ["-a", word]
        for name, value in given.items():
            command += ["-s", f"{name}={value}"]
        return command

    def query(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with (
            closing(psycopg2.connect(self.database_url)) as connection,
            connection,
            connection.cursor(cursor_factory=RealDictCursor) as cursor,
        ):
            cursor.execute(statement, values)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def wait_for(self, condition: str, crawl: subprocess.Popen[str]) -> None:
        """Until a condition in SQL holds in the store, while a started crawl runs."""
        while not self.query(f"select {condition} as holds")[0]["holds"]:
            assert crawl.poll() is None, "the crawl ended before"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def module_crawl(
    postgres: EmbeddedPostgres, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crawler]:
    """The same as ``crawl`` for all tests of a module, where one crawl answers many of them."""
    name = f"module_{next(_numbers)}"
    administrate(postgres, f"create database {name} template {_template}")
    with closing(Crawler(tmp_path_factory.mktemp("crawl") / "exports", postgres.dsn(name))) as crawler:
        yield crawler
    administrate(postgres, f"drop database {name} with (force)")


def administrate(postgres: EmbeddedPostgres, statement: str) -> None:
    with closing(psycopg2.connect(postgres.dsn("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture
def crawl(tmp_path: Path, database_url: str) -> Iterator[Crawler]:
    with closing(Crawler(tmp_path / "exports", database_url)) as crawler:
        yield crawler


@pytest.fixture
def new_trial(server_folder: Callable[[str], Path]) -> Iterator[Callable[..., Trial]]:
    """A crawl with a store of its own, as a user has it."""
    with ExitStack() as open_ones:

        def start(replica: RunningReplica, **settings: Any) -> Trial:
            return open_ones.enter_context(closing(Trial(server_folder("trial-"), replica, settings)))

        yield start


@pytest.fixture(scope="session")
def library() -> Iterator[RunningReplica]:
    """A replica that no test changes: 100 templates, half of them with something odd."""
    with running_replica(count=100) as replica:
        yield replica


@pytest.fixture
def new_replica() -> Iterator[Callable[..., RunningReplica]]:
    """A replica with options of its own."""
    open_ones = []

    def start(**options: Any) -> RunningReplica:
        context = running_replica(**options)
        replica = context.__enter__()
        open_ones.append(context)
        return replica

    yield start
    for context in open_ones:
        context.__exit__(None, None, None)
