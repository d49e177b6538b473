"""``scrapy db`` in a project of its own, on real servers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from scrapy.exceptions import UsageError

from n8n_scraper.commands.db import Command
from n8n_scraper.config import Config
from n8n_scraper.store.database import connect, open_database
from n8n_scraper.store.embedded import EmbeddedPostgres

REPOSITORY = Path(__file__).parents[2]
RunCommand = Callable[..., Any]
ROWS = """
insert into observed (id, crawl_status, layer1_status, layer2_status, layer3_status, media_status,
    transcripts_status, first_seen_at, attempt_count, request_count, service_seconds, run_id)
select id, case when id < 6 then 'complete' else 'gone' end, 'ok', 'ok', 'ok', 'skipped', 'skipped', now(), 1, 1, 0.1, 'run'
from generate_series(1, 7) id
"""


@pytest.fixture(scope="module")
def project(server_folder: Callable[[str], Path]) -> Iterator[Path]:
    """A project with a store of seven workflows."""
    folder = server_folder("n8n_scraper-project-")
    shutil.copy(REPOSITORY / "scrapy.cfg", folder)
    with open_database(Config.from_settings({}, folder)) as dsn:
        execute(dsn, ROWS)
    yield folder
    assert not EmbeddedPostgres(folder / ".n8n_scraper" / "postgres").is_running()


@pytest.fixture
def db(project: Path, monkeypatch: pytest.MonkeyPatch, run_command: RunCommand) -> RunCommand:
    monkeypatch.chdir(project)
    return partial(run_command, Command())


@pytest.fixture
def holder(project: Path) -> Iterator[subprocess.Popen[str]]:
    """A process of Scrapy's own that holds the store; its first line is the address."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("N8N_SCRAPER_", "DATABASE_"))}
    holder = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "db", "address", "--hold"],
        cwd=project,
        env=ours | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield holder
    holder.kill()
    holder.communicate()


def execute(dsn: str, statement: str) -> None:
    with closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def test_status_tells_server_size_rows_and_migrations(db: RunCommand, project: Path) -> None:
    told = db("status")
    assert told.exit_code == 0, told.err
    lines = dict(line.split(maxsplit=1) for line in told.out.splitlines())
    assert lines["address"].startswith(f"postgresql:///n8n_scraper?user=postgres&host={project}/.n8n_scraper/postgres")
    assert lines["server"] == "PostgreSQL 18.6, embedded, stopped"
    assert lines["site"] == "https://n8n.io and https://api.n8n.io"
    assert lines["workflows"] == "7: 5 complete, 2 gone"
    assert lines["migrations"].endswith(" applied")
    assert lines["size"].endswith(" MB")


def test_status_of_a_server_that_is_not_migrated_changes_nothing(db: RunCommand, empty_database_url: str) -> None:
    told = db("status", DATABASE_URL=empty_database_url)
    assert told.exit_code == 0, told.err
    assert "server of DATABASE_URL" in told.out
    assert "0 applied; the next crawl applies 0001_store.sql" in told.out
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_class where relnamespace = 'public'::regnamespace")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("words", [("status",), ("psql", "-c", "select 1"), ("backup", "x"), ("address",)])
def test_without_a_store_nothing_is_made(db: RunCommand, project: Path, words: tuple[str, ...]) -> None:
    refused = db(*words, N8N_SCRAPER_DATA_DIR="none")
    assert refused.exit_code == 1
    assert refused.err == f"n8n_scraper: There is no store in {project}/none yet: the first crawl makes it.\n"
    assert not (project / "none").exists()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("drop",),
        ("status", "now"),
        ("backup",),
        ("backup", "a", "b"),
        ("status", "-c", "x"),
    ],
)
def test_a_wrong_command_line_is_refused(db: RunCommand, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"scrapy db"):
        db(*words)


def test_an_option_that_is_not_there_is_named(db: RunCommand) -> None:
    with pytest.raises(UsageError, match="no option --nonsense"):
        db("status", "--nonsense")


def test_psql_asks_the_store_and_hands_its_exit_code_on(db: RunCommand) -> None:
    assert "7" in db("psql", "-c", "select count(*) from observed").out
    assert db("psql", "-c", "select nonsense").exit_code == 1


def test_an_address_held_leads_to_the_store_until_a_signal(db: RunCommand, holder: subprocess.Popen[str]) -> None:
    assert holder.stdout
    url = holder.stdout.readline().strip()
    assert url == db("address").out.strip()
    execute(url, "select 1")
    refused = db("stop")
    assert refused.exit_code == 1
    assert "in use by another process" in refused.err
    holder.send_signal(signal.SIGTERM)
    holder.communicate()
    assert "none does" in db("address").err
    assert db("stop").out == "No embedded Postgres is running.\n"


def test_stop_ends_a_server_whose_owner_was_killed(db: RunCommand, holder: subprocess.Popen[str]) -> None:
    assert holder.stdout
    holder.stdout.readline()
    holder.kill()
    holder.communicate()
    assert db("stop").out == "The embedded Postgres was stopped.\n"


def test_backup_and_restore_into_another_folder(db: RunCommand, project: Path) -> None:
    assert db("backup", "store.dump").exit_code == 0
    restored = db("restore", "store.dump", N8N_SCRAPER_DATA_DIR="other")
    assert restored.out == "Restored and counted on both sides: store_info 1, observed 7.\n"
    refused = db("restore", "store.dump")
    assert refused.exit_code == 1
    assert "The store to fill is not empty" in refused.err


def test_move_to_a_server(db: RunCommand, empty_database_url: str) -> None:
    moved = db("move", f"{empty_database_url} password=s3cret")
    assert moved.exit_code == 0, moved.err
    assert "store_info 1, observed 7" in moved.out
    assert "Set DATABASE_URL to postgresql:///test_" in moved.out
    assert "s3cret" not in moved.out + moved.err
    assert "workflows   7: 5 complete, 2 gone" in db("status", DATABASE_URL=empty_database_url).out


def test_a_target_that_is_no_address_is_refused_without_repeating_it(db: RunCommand) -> None:
    refused = db("move", "nons3cret")
    assert refused.exit_code == 1
    assert refused.err.startswith("n8n_scraper: The URL to move to cannot be read: write it like postgresql://")
    assert "s3cret" not in refused.err


@pytest.mark.parametrize(
    ("words", "buffering"), [(["db", "status"], ""), (["db", "status"], "1"), (["export", "--check"], "1")]
)
def test_a_reader_that_has_seen_enough_is_no_fault(project: Path, words: list[str], buffering: str) -> None:
    (project / "exports").mkdir(exist_ok=True)
    closed, writer = os.pipe()
    os.close(closed)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": buffering}
    command = [sys.executable, "-m", "scrapy", *words]
    done = subprocess.run(
        command, cwd=project, env=environment, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_store_that_goes_away_is_one_sentence(db: RunCommand, database_url: str) -> None:
    execute(database_url, "drop table observed cascade")
    execute(
        database_url, "create view observed as select 'gone' crawl_status from pg_terminate_backend(pg_backend_pid())"
    )
    refused = db("status", DATABASE_URL=database_url)
    assert (refused.exit_code, refused.err) == (1, "n8n_scraper: The store stopped answering.\n")
