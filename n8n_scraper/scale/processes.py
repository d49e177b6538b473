"""What groups of processes use: CPU, memory, threads, files, disk. A process that ends while it is looked at is left
out, and what one used between the last look and its end is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import psutil


class Usage(NamedTuple):
    """Of the processes there are now; None: their owner does not let us see. CPU is that of the ended ones too."""

    cpu_seconds: float
    memory_bytes: int
    process_count: int
    thread_count: int
    file_count: int | None
    read_bytes: int | None
    written_bytes: int | None


class _Look(NamedTuple):
    """At one process."""

    process: psutil.Process
    """The same for the same process, also by another look; a time of its start would not be."""
    cpu_seconds: float
    own_bytes: int
    shared_bytes: int
    thread_count: int
    file_count: int | None
    read_bytes: int | None
    written_bytes: int | None


class Group:
    """Looked at again and again, with whatever processes belong to it then."""

    def __init__(self) -> None:
        self._cpu: dict[psutil.Process, float] = {}

    def look(self, processes: Iterable[psutil.Process]) -> Usage | None:
        """None: there is none of them now."""
        looks = list(_looks(processes))
        if not looks:
            return None
        self._cpu |= {look.process: look.cpu_seconds for look in looks}
        return Usage(
            sum(self._cpu.values()),
            sum(look.own_bytes for look in looks) + max(look.shared_bytes for look in looks),
            len(looks),
            sum(look.thread_count for look in looks),
            *(_sum([getattr(look, name) for look in looks]) for name in ("file_count", "read_bytes", "written_bytes")),
        )


def family(*roots: psutil.Process | None) -> dict[int, psutil.Process]:
    """These and all their descendants, by pid."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        if root is not None:
            with suppress(psutil.NoSuchProcess):
                found |= {process.pid: process for process in (root, *root.children(recursive=True))}
    return found


def cpu_with_reaped(processes: Iterable[psutil.Process]) -> float:
    """Of a whole family: what an ended one used goes to its parent, so nothing is lost or counted twice."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def _looks(processes: Iterable[psutil.Process]) -> Iterator[_Look]:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            yield _look(process)


def _look(process: psutil.Process) -> _Look:
    with process.oneshot():
        memory, times = process.memory_info(), process.cpu_times()
        shared = getattr(memory, "shared", 0)  # Linux tells
        disk = _allowed(process, "io_counters")
        return _Look(
            process,
            times.user + times.system,
            max(0, memory.rss - shared),
            shared,
            process.num_threads(),
            _allowed(process, "num_fds"),
            disk and disk.read_bytes,
            disk and disk.write_bytes,
        )


def _allowed(process: psutil.Process, name: str) -> Any:
    """None where the system does not tell, or not us."""
    try:
        return getattr(process, name)()
    except (psutil.AccessDenied, AttributeError):
        return None


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
