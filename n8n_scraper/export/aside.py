"""Files written aside: under a temporary name in the same folder, synced, and renamed when whole.

Whoever reads the final name sees the former file or the new one, after a kill -9 and on a full disk too. A temporary
file is locked by the process that writes it, so what a killed one left behind can be told from what is being written.
"""

from __future__ import annotations

import errno
import fcntl
import glob
import hashlib
import io
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

BUFFER_BYTES = 1 << 20
_SUFFIX = f".{'[0-9a-f]' * 8}.tmp"


class AsideFile(io.BufferedWriter):
    """A binary file that becomes ``path`` with :meth:`publish`, and nothing with :meth:`discard`.

    Leftovers of killed writers of the same path are removed first.

    Raises:
        OSError: the folder cannot be written to; later, whatever writing raises (a full disk).
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))  # a link stays a link
        remove_leftovers(self.path)
        self.temporary = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}.tmp")
        super().__init__(_open_locked(self.temporary), BUFFER_BYTES)
        self.size = 0
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._hash.hexdigest()

    def write(self, data: Any, /) -> int:
        written = super().write(data)
        self._hash.update(data)
        self.size += written
        return written

    def sync(self) -> None:
        """From here on a crash of the machine does not lose what was written."""
        self.flush()
        os.fsync(self.fileno())

    def publish(self) -> None:
        """Give the file its name. Its content was synced before, so the name never stands for less than the whole."""
        self.sync()
        self.temporary.replace(self.path)
        self.close()
        _sync_folder(self.path.parent)

    def discard(self) -> None:
        self.temporary.unlink(missing_ok=True)
        with suppress(OSError):  # what is still in the buffer has nowhere to go
            self.close()


def write_aside(path: Path, text: str) -> None:
    """Replace a small file in one step."""
    file = AsideFile(path)
    try:
        file.write(text.encode())
        file.publish()
    except OSError:
        file.discard()
        raise


def is_full(error: OSError) -> bool:
    """No space, or no more of it for this user."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files of ``path`` that no living process writes."""
    for leftover in path.parent.glob(glob.escape(path.name) + _SUFFIX):
        with suppress(OSError), leftover.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``; waits for another process that holds it."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.warning("Another export writes into %s, waiting for it to end", path.parent)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _open_locked(path: Path) -> io.FileIO:
    """A new file, locked. Before it is locked another start may take it for a leftover: then once more."""
    while True:
        raw = io.FileIO(path, "xb")
        fcntl.flock(raw, fcntl.LOCK_EX)
        if path.exists():
            return raw
        raw.close()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
