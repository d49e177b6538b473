"""The server process of a place: is it there, does it answer, stop it.

Whether a server of ours lives is told by a lock, not by a pid: the server inherits ``server.lock`` at its start, and
the kernel keeps that lock for as long as it or one of its backends lives, whatever became of the one who started it.
Only the one who takes the lock may make or start a cluster, so two servers never share a data directory; Postgres' own
shared-memory check stays as a second guard. A process is signalled only when the lock is held, and its user, its state
and its command line say that it is the server of this data directory.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import time

import psutil
import psycopg2
from psycopg2 import extensions

from n8n_scraper.store.embedded_place import Place, socket_folder

logger = logging.getLogger(__name__)

STOP_SECONDS = 60.0
KILL_SECONDS = 10.0
PORT = 5432


def dsn(place: Place, dbname: str) -> str:
    """Complete, so that no PG* variable of the environment leads elsewhere."""
    where = {"host": str(socket_folder(place)), "hostaddr": "", "port": PORT}
    return str(extensions.make_dsn(**where, user="postgres", dbname=dbname, sslmode="disable"))


def answers(place: Place) -> bool:
    try:
        psycopg2.connect(dsn(place, "postgres"), connect_timeout=3).close()
    except psycopg2.OperationalError:
        return False
    return True


def is_alive(place: Place) -> bool:
    """Whether a server of ours, or a part of one, lives in the place."""
    lock = _lock_server(place, fcntl.LOCK_SH)  # shared: two who ask are no server to each other
    if lock is not None:
        os.close(lock)
    return lock is None


def stop(place: Place) -> None:
    """Stop the server and wait for its end; connections still open are cut. The caller holds the mutex."""
    for sent, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, KILL_SECONDS)):
        if not is_alive(place):
            return
        process = postmaster(place)
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):  # it makes sure that the pid is still this process
                process.send_signal(sent)
        if _wait_for_end(place, seconds):
            _reap(process)
            return
    logger.warning("The embedded Postgres in %s did not stop: see %s.", place.path, place.log)


def postmaster(place: Place) -> psutil.Process | None:
    """The running server of this data directory; None for a recycled pid, a zombie or another server."""
    pid = recorded_pid(place)
    if not pid:
        return None
    try:
        process = psutil.Process(pid)
        command, user = process.cmdline(), process.uids().effective
    except psutil.Error:  # a zombie has no command line
        return None
    return process if command[1:3] == ["-D", str(place.data)] and user == place.owner else None


def recorded_pid(place: Place) -> int | None:
    try:
        return abs(int((place.data / "postmaster.pid").read_bytes().split(b"\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None


def take_server_lock(place: Place) -> int | None:
    """A descriptor that holds the lock, for a server to inherit; None when one has it."""
    return _lock_server(place, fcntl.LOCK_EX)


def _lock_server(place: Place, kind: int) -> int | None:
    lock = place.open("server.lock")
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _wait_for_end(place: Place, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_alive(place):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _reap(process: psutil.Process | None) -> None:
    """A server that we started is our child, and must not stay as a zombie."""
    with contextlib.suppress(ChildProcessError):
        if process is not None:
            os.waitpid(process.pid, 0)
