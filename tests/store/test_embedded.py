"""The embedded Postgres with real processes: shared, left behind, killed. Who it runs as is in test_embedded_place.py."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.store import embedded_mutex, embedded_process
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.embedded_binaries import child_options, programs_for
from n8n_scraper.store.embedded_place import Place, prepare_place

REPOSITORY = Path(__file__).parents[2]
USER = """
import sys
from pathlib import Path
from n8n_scraper.store.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.dsn(), flush=True)
    sys.stdin.readline()
"""
"""Uses the server until its standard input ends."""
HOLDER = """
import sys, time
from pathlib import Path
from n8n_scraper.store.embedded import _mutex, prepare_place
with _mutex(prepare_place(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(120)
"""


@pytest.fixture(scope="module")
def folder(server_folder: Callable[[str], Path]) -> Path:
    return server_folder("n8n scraper ")


@pytest.fixture
def root(folder: Path) -> Iterator[Path]:
    """A folder with a space in its path, its cluster made once for all these tests; nothing may run there in the end."""
    yield folder / "postgres"
    assert not EmbeddedPostgres(folder / "postgres").is_running()
    assert not processes_of(folder)


@pytest.fixture
def fresh_root(folder: Path) -> Iterator[Path]:
    fresh = folder / "fresh"
    yield fresh
    EmbeddedPostgres(fresh).remove()
    assert not processes_of(fresh)


@pytest.fixture
def spawn() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def spawn(root: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", USER, str(root)]
        user = subprocess.Popen(command, cwd=REPOSITORY, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(user)
        return user

    yield spawn
    for user in started:
        user.kill()
        user.communicate()


def processes_of(folder: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and any(word.startswith(str(folder)) for word in process.info["cmdline"] or ())
    ]


def ask(dsn: str, statement: str) -> Any:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def started_at(dsn: str) -> Any:
    return ask(dsn, "select pg_postmaster_start_time()")


def wait_until_used(user: subprocess.Popen[str]) -> str:
    assert user.stdout
    dsn = user.stdout.readline().strip()
    assert dsn
    return dsn


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate()
    assert user.returncode == 0


def kill(user: subprocess.Popen[str]) -> None:
    user.kill()
    user.communicate()


def test_a_path_with_a_space_and_nothing_left_after_a_clean_exit(root: Path) -> None:
    assert " " in str(root)
    with EmbeddedPostgres(root) as server:
        assert ask(server.dsn(), "select current_database()") == "n8n_scraper"
        assert server.is_running()
        assert processes_of(root)
    assert not server.is_running()
    assert not processes_of(root)
    assert not (root / "data" / "postmaster.pid").exists()


def test_settings_are_durable_and_private(root: Path) -> None:
    with EmbeddedPostgres(root) as server:
        shown = {
            name: ask(server.dsn(), f"show {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")
        }
        assert set(shown.values()) == {"on"}
        assert ask(server.dsn(), "show listen_addresses") == ""
        assert ask(server.dsn(), "show data_checksums") == "on"
        assert ask(server.dsn(), "show server_encoding") == "UTF8"
        assert ask(server.dsn(), "select datcollate from pg_database where datname = 'n8n_scraper'") == "C"
        assert (root / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700
    assert root.stat().st_mode & 0o777 == 0o700


def test_the_environment_leads_nowhere_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "6000", "PGHOST": "nowhere", "PGHOSTADDR": "192.0.2.1", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)
    with EmbeddedPostgres(root) as server:
        assert ask(server.dsn(), "select current_user") == "postgres"


def test_four_processes_at_once_share_one_server(
    fresh_root: Path, spawn: Callable[[Path], subprocess.Popen[str]]
) -> None:
    users = [spawn(fresh_root) for _ in range(4)]
    dsns = [wait_until_used(user) for user in users]
    assert len({started_at(dsn) for dsn in dsns}) == 1
    for user in users[:3]:
        leave(user)
        assert ask(dsns[0], "select 1") == 1
    leave(users[3])
    assert not EmbeddedPostgres(fresh_root).is_running()


def test_after_kill_9_of_its_owner_the_next_run_works_and_leaves_nothing(
    root: Path, spawn: Callable[[Path], subprocess.Popen[str]]
) -> None:
    owner = spawn(root)
    dsn = wait_until_used(owner)
    kill(owner)
    started = started_at(dsn)
    with EmbeddedPostgres(root) as server:
        assert started_at(server.dsn()) == started
    assert not server.is_running()


@pytest.mark.parametrize("seconds", [0.15, 0.5, 0.9])
def test_after_kill_9_in_the_middle_of_the_first_start_the_next_run_works(
    fresh_root: Path, spawn: Callable[[Path], subprocess.Popen[str]], seconds: float
) -> None:
    owner = spawn(fresh_root)
    time.sleep(seconds)
    kill(owner)
    with EmbeddedPostgres(fresh_root) as server:
        assert ask(server.dsn(), "select 1") == 1
    assert not list(fresh_root.glob("data.new-*"))


def test_committed_rows_survive_kill_9_of_postgres(root: Path) -> None:
    with EmbeddedPostgres(root) as server:
        ask(server.dsn(), "create table if not exists survivors (number int)")
        ask(server.dsn(), "truncate survivors")
        for number in range(20):
            ask(server.dsn(), f"insert into survivors values ({number})")
        postmaster(root).kill()
        with EmbeddedPostgres(root) as again:
            assert ask(again.dsn(), "select sum(number) from survivors") == sum(range(20))


def test_a_server_that_was_killed_is_revived_for_its_user(root: Path) -> None:
    with EmbeddedPostgres(root) as server:
        started = started_at(server.dsn())
        postmaster(root).kill()
        assert started_at(server.revive()) > started
        again = started_at(server.dsn())
        assert started_at(server.revive()) == again
    assert not server.is_running()


def test_a_store_in_use_is_not_removed(fresh_root: Path) -> None:
    with EmbeddedPostgres(fresh_root) as server:
        with pytest.raises(StartError, match="in use"):
            EmbeddedPostgres(fresh_root).remove()
        assert ask(server.dsn(), "select 1") == 1
    server.remove()
    assert not fresh_root.exists()
    server.remove()


def test_users_of_one_process_are_counted_one_by_one(root: Path) -> None:
    with EmbeddedPostgres(root) as first:
        with EmbeddedPostgres(root):
            pass
        assert ask(first.dsn(), "select 1") == 1


def test_a_forked_child_neither_stops_nor_keeps_the_server(root: Path) -> None:
    with EmbeddedPostgres(root) as server:
        child = multiprocessing.get_context("fork").Process(target=server.stop)
        child.start()
        child.join()
        assert child.exitcode == 0
        assert ask(server.dsn(), "select 1") == 1
    assert not server.is_running()


@pytest.mark.parametrize("is_zombie", [False, True], ids=["running", "zombie"])
def test_a_recycled_pid_is_not_signalled_and_does_not_stop_the_start(root: Path, is_zombie: bool) -> None:
    with EmbeddedPostgres(root) as server:
        place = prepare_place(root)
        postmaster(root).kill()
    innocent = subprocess.Popen(["sleep", "0" if is_zombie else "60"], **child_options(place.account))
    if is_zombie:
        wait_for(lambda: psutil.Process(innocent.pid).status() == psutil.STATUS_ZOMBIE)
    pid_file = root / "data" / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(pid_file.read_text().split("\n")[0], str(innocent.pid), 1))
    with EmbeddedPostgres(root) as server:
        assert ask(server.dsn(), "select 1") == 1
    if not is_zombie:
        assert innocent.poll() is None
        innocent.kill()
    innocent.wait()


def test_a_pid_file_that_names_an_innocent_process_while_the_server_lives(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embedded_process, "STOP_SECONDS", 0.3)
    monkeypatch.setattr(embedded_process, "KILL_SECONDS", 0.3)
    innocent = subprocess.Popen(["sleep", "60"])
    with EmbeddedPostgres(root) as server:
        real, pid_file = postmaster(root), root / "data" / "postmaster.pid"
        pid_file.write_text(pid_file.read_text().replace(str(real.pid), str(innocent.pid), 1))
    assert "did not stop" in caplog.text
    assert innocent.poll() is None
    assert server.is_running()
    real.send_signal(signal.SIGINT)
    real.wait(10)
    innocent.kill()
    innocent.wait()


def test_a_postgres_that_is_not_ours_is_neither_joined_nor_stopped(root: Path) -> None:
    with EmbeddedPostgres(root):
        place = prepare_place(root)
    foreign = subprocess.Popen(
        [programs_for(place.account) / "postgres", "-D", place.data, "-c", "listen_addresses=", "-k", place.data],
        stderr=subprocess.DEVNULL,
        **child_options(place.account),
    )
    wait_for((place.data / ".s.PGSQL.5432").exists)
    with pytest.raises(StartError, match=f"process {foreign.pid}"):
        EmbeddedPostgres(root).start()
    assert foreign.poll() is None
    foreign.send_signal(signal.SIGINT)
    assert foreign.wait(10) == 0


def test_stop_leaked_refuses_while_the_server_is_used(
    root: Path, spawn: Callable[[Path], subprocess.Popen[str]]
) -> None:
    owner = spawn(root)
    wait_until_used(owner)
    with pytest.raises(StartError, match="in use"):
        EmbeddedPostgres(root).stop_leaked()
    kill(owner)
    assert EmbeddedPostgres(root).is_running()
    assert EmbeddedPostgres(root).stop_leaked()
    assert not EmbeddedPostgres(root).is_running()
    assert not EmbeddedPostgres(root).stop_leaked()


def test_a_store_of_another_postgres_version_is_refused(root: Path) -> None:
    with EmbeddedPostgres(root):
        pass
    version = root / "data" / "PG_VERSION"
    now = version.read_text()
    version.write_text("17\n")
    with pytest.raises(StartError, match=r"made by PostgreSQL 17.* brings 18.*scrapy db backup"):
        EmbeddedPostgres(root).start()
    version.write_text(now)


def test_a_server_that_cannot_start_says_why(root: Path) -> None:
    with EmbeddedPostgres(root):
        pass
    settings = root / "data" / "postgresql.conf"
    now = settings.read_text()
    settings.write_text(f"{now}\nno_such_setting = 1\n")
    with pytest.raises(StartError, match=r"did not start: .*configuration file .* contains errors") as refused:
        EmbeddedPostgres(root).start()
    settings.write_text(now)
    assert "\n" not in str(refused.value)


def test_a_large_log_is_put_aside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedPostgres(root):
        pass
    os.truncate(root / "postgres.log", 10_000_001)
    with EmbeddedPostgres(root):
        assert (root / "postgres.log").stat().st_size < 10_000
    assert (root / "postgres.log.1").exists()


def postmaster(root: Path) -> psutil.Process:
    found = embedded_process.postmaster(Place(root, prepare_place(root).account))
    assert found is not None
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_process_that_is_stopped_in_its_start_is_not_waited_for_in_vain(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_mutex, "STOPPED_SECONDS", 0.3)
    with EmbeddedPostgres(root):  # makes the folder
        pass
    command = [sys.executable, "-c", HOLDER, str(root)]
    holder = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(StartError, match=rf"held by process {holder.pid}, which is stopped .+kill -CONT"):
            EmbeddedPostgres(root).start()
        holder.send_signal(signal.SIGCONT)
        monkeypatch.setattr(embedded_mutex, "TURN_SECONDS", 0.3)
        with pytest.raises(StartError, match=rf"has been held by process {holder.pid} for \d+ s"):
            EmbeddedPostgres(root).start()
    finally:
        kill(holder)
    with EmbeddedPostgres(root) as server:
        assert server.is_running()
