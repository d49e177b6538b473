from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import extensions

from n8n_scraper.exceptions import StartError
from n8n_scraper.items import COLUMN_NAMES
from n8n_scraper.store import migrations
from n8n_scraper.store.migrations import applied_migrations, load_migrations, migrate, pending_migrations
from n8n_scraper.store.transfer import store_tables

from ..waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
MIGRATE = """
import sys, psycopg2
from pathlib import Path
from n8n_scraper.store.migrations import migrate

connection = psycopg2.connect(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(*migrate(connection, Path(sys.argv[2])))
"""


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[extensions.connection]:
    with closing(psycopg2.connect(empty_database_url)) as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("create table first (name text check (name like 'a%'));\n")
    (tmp_path / "0002_second.sql").write_text("insert into first values ('a1'); create table second (id int);\n")
    (tmp_path / "README.md").write_text("not a migration")
    return tmp_path


def names(connection: extensions.connection) -> list[str]:
    with connection, connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
        return sorted(name for (name,) in cursor.fetchall())


def test_a_fresh_database_gets_all_files_and_the_second_time_none(
    connection: extensions.connection, folder: Path
) -> None:
    assert migrate(connection, folder) == ["0001_first.sql", "0002_second.sql"]
    assert migrate(connection, folder) == []
    assert names(connection) == ["first", "schema_migrations", "second"]
    assert connection.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE


def test_only_what_is_missing_is_applied(connection: extensions.connection, folder: Path) -> None:
    migrate(connection, folder)
    (folder / "0003_third.sql").write_text("create table third (id int)")
    assert pending_migrations(connection, folder) == ["0003_third.sql"]
    assert migrate(connection, folder) == ["0003_third.sql"]
    assert applied_migrations(connection) == ["0001_first.sql", "0002_second.sql", "0003_third.sql"]


def test_asking_what_is_pending_changes_nothing(connection: extensions.connection, folder: Path) -> None:
    assert pending_migrations(connection, folder) == ["0001_first.sql", "0002_second.sql"]
    assert applied_migrations(connection) == []
    assert names(connection) == []


def test_an_edited_file_is_refused(connection: extensions.connection, folder: Path) -> None:
    migrate(connection, folder)
    (folder / "0001_first.sql").write_text("create table first (name text);\n")
    (folder / "0003_third.sql").write_text("create table third (id int)")
    with pytest.raises(StartError, match=r"0001_first\.sql was edited after this store had applied it"):
        migrate(connection, folder)
    assert "third" not in names(connection)


def test_line_ends_of_windows_are_no_edit(connection: extensions.connection, folder: Path) -> None:
    migrate(connection, folder)
    file = folder / "0001_first.sql"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert migrate(connection, folder) == []


def test_a_newer_database_is_refused(connection: extensions.connection, folder: Path) -> None:
    migrate(connection, folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(StartError, match="at migration 0002, newer than this code, which knows 0001"):
        migrate(connection, folder)


def test_two_files_of_one_number_are_refused(folder: Path) -> None:
    (folder / "0002_also.sql").write_text("select 1")
    with pytest.raises(StartError, match=r"0002_also\.sql and 0002_second\.sql have the same number"):
        load_migrations(folder)


def test_a_file_that_fails_leaves_nothing_and_frees_the_lock(
    connection: extensions.connection, empty_database_url: str, folder: Path
) -> None:
    (folder / "0003_third.sql").write_text("create table third (id int); select 1/0")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        migrate(connection, folder)
    assert names(connection) == ["first", "schema_migrations", "second"]
    (folder / "0003_third.sql").write_text("create table third (id int)")
    with closing(psycopg2.connect(empty_database_url, options="-c lock_timeout=2s")) as another:
        assert migrate(another, folder) == ["0003_third.sql"]


def test_tables_of_others_are_not_taken_for_ours(connection: extensions.connection, folder: Path) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute("create table first (id int)")
    with pytest.raises(StartError, match="tables of the same names that are not ours"):
        migrate(connection, folder)


def test_a_user_who_may_create_nothing(
    connection: extensions.connection, folder: Path, role: Callable[[str], str]
) -> None:
    with (
        closing(psycopg2.connect(role("reader"))) as unprivileged,
        pytest.raises(StartError, match="'reader' may not create tables in the database 'test_"),
    ):
        migrate(unprivileged, folder)


@pytest.fixture
def role(connection: extensions.connection, empty_database_url: str) -> Iterator[Callable[[str], str]]:
    """Makes a role and gives its connection string."""
    made = []

    def make(name: str) -> str:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"create role {name} login")
        made.append(name)
        return str(extensions.make_dsn(empty_database_url, user=name))

    yield make
    with connection, connection.cursor() as cursor:
        for name in made:
            cursor.execute(f"drop role {name}")


def test_two_processes_at_once_apply_each_file_once(empty_database_url: str, folder: Path) -> None:
    (folder / "0003_slow.sql").write_text("select pg_sleep(0.3)")
    command = [sys.executable, "-c", MIGRATE, empty_database_url, str(folder)]
    processes = [
        subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(said) == [[], ["0001_first.sql", "0002_second.sql", "0003_slow.sql"]]


def test_our_own_files_make_the_row_contract_and_are_all_known_by_name(connection: extensions.connection) -> None:
    assert migrate(connection) == [migration.name for migration in load_migrations()]
    with connection, connection.cursor() as cursor:
        cursor.execute("select * from workflow_rows")
        assert tuple(column.name for column in cursor.description or ()) == COLUMN_NAMES
    assert sorted([*store_tables(), "schema_migrations"]) == names(connection)


def test_who_finds_the_store_up_to_date_waits_for_nobody(connection: extensions.connection, folder: Path) -> None:
    migrate(connection, folder)
    with held(connection), closing(psycopg2.connect(connection.dsn)) as looking, looking.cursor() as cursor:
        cursor.execute("set statement_timeout = '10s'")
        looking.commit()
        assert migrate(looking, folder) == []


def test_a_process_that_is_stopped_while_it_changes_the_tables_is_not_waited_for_in_vain(
    connection: extensions.connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(migrations._PATIENCE, "lock_timeout", "200ms")
    with closing(psycopg2.connect(connection.dsn)) as other:
        with held(connection), pytest.raises(StartError, match="does not come to its end"):
            migrate(other, folder)
        assert setting(other, "lock_timeout") == "0"
        assert migrate(other, folder) == ["0001_first.sql", "0002_second.sql"]


def test_a_process_that_was_stopped_while_it_changed_the_tables_has_lost_its_lock_and_says_so(
    connection: extensions.connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(migrations._PATIENCE, "idle_session_timeout", "100ms")

    def stopped(_: extensions.connection) -> dict[int, str]:
        with closing(psycopg2.connect(connection.dsn)) as other, other.cursor() as cursor:
            other.autocommit = True
            alive = "select 1 from pg_stat_activity where pid = %s"
            wait_until(lambda: cursor.execute(alive, (connection.info.backend_pid,)) or not cursor.fetchone())
        return {}

    monkeypatch.setattr(migrations, "_applied", stopped)
    with pytest.raises(StartError, match="The store ended the connection"):
        migrate(connection, folder)
    with closing(psycopg2.connect(connection.dsn)) as other, other.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (migrations._LOCK,))
        assert cursor.fetchone() == (True,)


@contextmanager
def held(connection: extensions.connection) -> Iterator[None]:
    """Somebody has the lock, and does nothing."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", (migrations._LOCK,))
        connection.commit()
        yield
        cursor.execute("select pg_advisory_unlock(%s)", (migrations._LOCK,))
        connection.commit()


def setting(connection: extensions.connection, name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"show {name}")
        return str((cursor.fetchone() or ("",))[0])
