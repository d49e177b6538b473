"""What tests share: one embedded Postgres for the whole run, and a fresh migrated database for each test."""

from __future__ import annotations

import argparse
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psycopg2
import pytest
from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.embedded_binaries import SHARED
from n8n_scraper.store.migrations import migrate

_LONG = ("work", "scale", "ops", "crawl", "test_downloader.py", "test_exporters.py", "commands", "store", "middlewares")
"""Where the tests are that take long, those with the longest files first."""
_TEMPLATE = "n8n_scraper_template"
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """xdist would begin with the files that have the most tests, which are the shortest: see below."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side, long files go first, so that no worker is left alone with one at the end."""
    if not hasattr(config, "workerinput"):
        return
    places = {folder: place for place, folder in enumerate(_LONG)}
    root = Path(__file__).parent
    items.sort(key=lambda item: places.get(item.path.relative_to(root).parts[0], len(places)))


def _administrate(postgres: EmbeddedPostgres, statement: str) -> None:
    with closing(psycopg2.connect(postgres.dsn("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Callable[[str], Path]]:
    """Makes folders for servers: everybody may pass through, and in memory where there is enough of it.

    The servers are durable as always; on a disk that others use too, most of the time of a test would be fsync.
    """
    memory = Path("/dev/shm")
    is_large = memory.is_dir() and shutil.disk_usage(memory).free > 4_000_000_000
    made = []

    def make(prefix: str) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=memory if is_large else None))
        folder.chmod(0o711)
        made.append(folder)
        return folder

    yield make
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(server_folder: Callable[[str], Path]) -> Iterator[EmbeddedPostgres]:
    """A started server for everybody who needs a database."""
    with EmbeddedPostgres(server_folder("n8n_scraper-tests-") / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def _template(postgres: EmbeddedPostgres) -> str:
    _administrate(postgres, f"create database {_TEMPLATE}")
    with closing(psycopg2.connect(postgres.dsn(_TEMPLATE))) as connection:
        migrate(connection)
    return _TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, _template: str) -> Iterator[str]:
    """A libpq connection string of a fresh migrated database; a DATABASE_URL as good as any."""
    name = f"test_{next(_numbers)}"
    _administrate(postgres, f"create database {name} template {_template}")
    yield postgres.dsn(name)
    _administrate(postgres, f"drop database {name} with (force)")


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The same, not migrated."""
    name = f"test_{next(_numbers)}"
    _administrate(postgres, f"create database {name}")
    yield postgres.dsn(name)
    _administrate(postgres, f"drop database {name} with (force)")


@pytest.fixture(scope="session", autouse=True)
def _no_stores_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """As root, stores below pytest's private tmp_path are kept elsewhere (see embedded_place.py) and go with it."""
    yield
    for link in tmp_path_factory.getbasetemp().rglob("postgres"):
        if link.is_symlink() and link.readlink().parent == SHARED:
            shutil.rmtree(link.readlink(), ignore_errors=True)


class Said(NamedTuple):
    exit_code: int
    out: str
    err: str


@pytest.fixture
def run_command(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """A command of ours in this process, which is five times as fast as Scrapy's start."""

    def run(command: ScrapyCommand, *words: str, **settings: object) -> Said:
        command.settings = Settings(settings)
        parser = argparse.ArgumentParser(conflict_handler="resolve")
        command.add_options(parser)
        options, rest = parser.parse_known_args(words)
        command.run(rest, options)
        return Said(command.exitcode, *capfd.readouterr())

    return run
