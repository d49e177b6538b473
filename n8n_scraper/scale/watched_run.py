"""The file by which another terminal finds what is being sampled: ``watched.json``, beside the samples and in the
temporary folder of the trial.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from n8n_scraper.exceptions import StartError

FILE = "watched.json"
TEMPORARY = "n8n_scraper-scale-"
"""What the name of a scale command's temporary folder begins with."""
_SAME_START_SECONDS = 5.0
"""The system tells the start of one process a little differently each time, as its clock is set."""
_DEEPEST = 3
"""Folders that a trial lies below that one at most."""


@dataclass(frozen=True, kw_only=True)
class WatchedRun:
    """Times in seconds since 1970; ``pid`` is the command that samples, known again by its start."""

    samples: str
    store: str
    """Folder of the embedded Postgres."""
    exports: str
    pid: int
    process_began: float
    began: float
    ended: float | None = None

    @property
    def is_sampled(self) -> bool:
        return self.ended is None and self.has_process

    @property
    def has_process(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.process_began) <= _SAME_START_SECONDS
            return is_same and bool(process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def write_to(self, folders: Iterable[Path]) -> None:
        """Replaced in one step; gone after a crash of the machine, like what it tells of."""
        for folder in folders:
            aside = folder / f"{FILE}.new"
            aside.write_text(json.dumps(asdict(self)), encoding="utf-8")
            aside.replace(folder / FILE)


def begin(*, samples: Path, store: Path, exports: Path) -> WatchedRun:
    """Sampled by this process from now on."""
    return WatchedRun(
        samples=str(samples.absolute()),
        store=str(store),
        exports=str(exports.absolute()),
        pid=os.getpid(),
        process_began=psutil.Process().create_time(),
        began=time.time(),
    )


def read(folder: Path) -> WatchedRun:
    """Raises:
    StartError: nothing was sampled there.
    """
    found = _read(folder / FILE)
    if found is None:
        raise StartError(f"{folder} is no folder of a scale run that is or was sampled: there is no {FILE}.")
    return found


def newest(pid: int | None = None) -> WatchedRun | None:
    """What a scale command of ours samples now, any or this one; between two of its steps, the step before. None: no
    such command runs.
    """
    living = (run for run in _all() if run.has_process and pid in {None, run.pid})
    return max(living, key=lambda run: (run.is_sampled, run.began), default=None)


def _all() -> Iterator[WatchedRun]:
    for depth in range(_DEEPEST + 1):
        for path in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*/{'*/' * depth}{FILE}"):
            with suppress(OSError):
                if path.lstat().st_uid == os.geteuid() and (run := _read(path)) is not None:
                    yield run


def _read(path: Path) -> WatchedRun | None:
    """None where there is none, or it is not one of this version."""
    try:
        return WatchedRun(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
