"""The lock under which one process at a time makes, starts, joins, leaves or stops the embedded server.

Who holds it writes its number into the file, so that somebody who waits in vain can say for whom: a process that is
stopped (``kill -STOP``, Ctrl-Z) in its start holds it for as long as nobody wakes it.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import psutil

from n8n_scraper.exceptions import StartError

TURN_SECONDS = 150.0
"""More than a start, or an end, of the server may take."""
STOPPED_SECONDS = 5.0
"""Patience with a holder that is stopped: a debugger, or a shell, may have it for a moment."""


def take_turn(lock: int, folder: Path) -> None:
    """Wait for the lock on this descriptor, and sign it.

    Raises:
        StartError: its holder is stopped, or does not let go.
    """
    began = awake_at = time.monotonic()
    while not _take(lock):
        now, pid = time.monotonic(), _holder(lock)
        if not (is_stopped := _is_stopped(pid)):
            awake_at = now
        if now - awake_at > STOPPED_SECONDS or now - began > TURN_SECONDS:
            raise StartError(_refusal(folder, pid, is_stopped=is_stopped, seconds=now - began))
        time.sleep(0.02)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: int) -> int | None:
    """The last that signed: whoever has it now, but for the moment before it signs."""
    text = os.pread(lock, 20, 0)
    return int(text) if text.isdigit() else None


def _is_stopped(pid: int | None) -> bool:
    try:
        return pid is not None and psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:  # in another container, or of another user
        return False


def _refusal(folder: Path, pid: int | None, *, is_stopped: bool, seconds: float) -> str:
    who = f"process {pid}" if pid else "another process"
    if is_stopped:
        return (
            f"The embedded Postgres in {folder} is held by {who}, which is stopped (in its start, say): let it go on"
            f" (kill -CONT {pid}) or end it."
        )
    return f"The embedded Postgres in {folder} has been held by {who} for {seconds:.0f} s: wait for it, or end it."
