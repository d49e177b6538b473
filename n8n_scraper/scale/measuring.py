"""A process that is measured while it runs: CPU time, memory, and how far it is."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale.speed import Measured, Sample

SAMPLE_SECONDS = 0.1


def measured(
    name: str, crawl: subprocess.Popen[bytes], log: Path, replica: RunningReplica, store_cpu: Callable[[], float]
) -> Measured:
    """Wait for a crawl that was just started, and watch it; ``store_cpu`` tells what the store's server used so far.

    Raises:
        StartError: the crawl did not end well.
    """
    before, helpers = _answered(replica), [psutil.Process(replica.pid), psutil.Process()]
    busy = _busy_seconds()
    own = store_cpu() + sum(map(_cpu, helpers))
    samples = list(_samples(crawl, lambda: _answered(replica) - before))
    own = store_cpu() + sum(map(_cpu, helpers)) - own + samples[-1].cpu_seconds
    foreign = max(0.0, _busy_seconds() - busy - own)
    if code := crawl.wait():
        tail = " / ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:])
        raise StartError(f"The crawl ({name}) ended with exit code {code}: {tail}")
    cores = (os.cpu_count() or 1) * samples[-1].seconds
    return Measured(name, samples[-1].answered, samples, os.getloadavg()[0], min(1.0, foreign / cores))


def _samples(crawl: subprocess.Popen[bytes], answered: Callable[[], int]) -> Iterator[Sample]:
    """Until the process has ended, whose last times are still there as long as nobody waited for it."""
    process, began, rss = psutil.Process(crawl.pid), time.monotonic(), 0
    while True:
        count = answered()
        with process.oneshot():
            is_over = process.status() == psutil.STATUS_ZOMBIE
            rss = rss if is_over else process.memory_info().rss or rss
            yield Sample(time.monotonic() - began, count, _cpu(process), rss)
        if is_over:
            return
        time.sleep(SAMPLE_SECONDS)


def _answered(replica: RunningReplica) -> int:
    count: int = replica.stats()["by_kind"].get("api/detail", 0)
    return count


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def cpu_with_children(process: psutil.Process) -> float:
    """Of a process and all its children, those that ended too."""
    times = process.cpu_times()
    living = 0.0
    for child in process.children():
        try:
            living += _cpu(child)
        except psutil.NoSuchProcess:
            continue
    return float(_cpu(process) + times.children_user + times.children_system + living)


def _busy_seconds() -> float:
    """Of all cores together, since the machine was started."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)
