"""Samples a trial once a second, outside of the crawler: ``with watched(trial, folder):`` around its crawls.

The store counts its statements only when it was told so before the crawls began (store_probe.count_queries), and the
crawls tell their waits every second only with SETTINGS.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from n8n_scraper import stats
from n8n_scraper.scale import watched_run
from n8n_scraper.scale.processes import Group, Usage, cpu_with_reaped, family
from n8n_scraper.scale.run_folder import SAMPLES
from n8n_scraper.scale.samples import Rate, as_sample
from n8n_scraper.scale.store_probe import StoreProbe
from n8n_scraper.scale.traces import AccessLogTail, crawl_counters, series
from n8n_scraper.scale.trial import Trial
from n8n_scraper.store.embedded_place import Place, has_place, prepare_place
from n8n_scraper.store.embedded_process import postmaster

SECONDS = 1.0
SETTINGS: Mapping[str, Any] = {"N8N_SCRAPER_METRICS_INTERVAL": SECONDS}
"""Of a trial that is watched."""
_WAIT_SECONDS = series(stats.RATE_WAIT_SECONDS)


@contextmanager
def watched(trial: Trial, folder: Path) -> Iterator[None]:
    """Write ``samples.jsonl`` into the folder for as long as the block lasts, for everybody to watch.

    Raises:
        OSError, psutil.Error: why sampling broke off, told at the end of the block.
    """
    ended, samples = threading.Event(), folder / SAMPLES
    run = watched_run.begin(samples=samples, store=trial.postgres.root, exports=trial.exports)
    places = {folder, trial.folder}
    run.write_to(places)
    with ThreadPoolExecutor(1, thread_name_prefix="sampler") as thread:
        sampling = thread.submit(_sample_on, trial, samples, ended)
        try:
            yield
        finally:
            ended.set()
            wait([sampling])
            replace(run, ended=time.time()).write_to(places)
            sampling.result()


def _sample_on(trial: Trial, path: Path, ended: threading.Event) -> None:
    """Every second, and once more at the end."""
    sampler, began = Sampler(trial), time.monotonic()
    sampler.sample()  # what rates are measured from
    is_over, number = False, 1
    with path.open("w", encoding="utf-8", buffering=1) as file:
        while not is_over:
            is_over = ended.wait(began + number * SECONDS - time.monotonic())
            file.write(json.dumps(as_sample(time.monotonic() - began, sampler.sample())) + "\n")
            number = int((time.monotonic() - began) / SECONDS) + 1  # what we were too late for is left out
    sampler.close()


class Sampler:
    """Not for several threads."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._self = psutil.Process()
        self._place: Place | None = None
        self._server: psutil.Process | None = None
        self._groups: defaultdict[str, Group] = defaultdict(Group)
        self._rates: defaultdict[str, Rate] = defaultdict(Rate)
        self._log = AccessLogTail(trial.replica.access_log)
        self._store = StoreProbe(trial)

    def sample(self) -> dict[str, float | None]:
        """What can be measured, by the names of SAMPLE."""
        now = time.monotonic()
        self._log.read_on()
        store = self._store.ask()
        waited = crawl_counters(self._trial.exports).get(_WAIT_SECONDS)
        counted = {
            "requests": self._log.requests,
            "answers_429": self._log.answers_429,
            "limiter_wait": waited,
            **{name: store.get(name) for name in ("items", "transactions", "inserts", "queries")},
        }
        return {
            **{name: self._rate(now, name, count) for name, count in counted.items()},
            **{name: store.get(name) for name in ("rows", "queue", "connections")},
            "wal": self._rate(now, "wal", store.get("wal_bytes"), 1e6),
            "database": _mega(store.get("database_bytes")),
            "query_time": self._query_time(store),
            **self._processes(now),
            "load_average": os.getloadavg()[0],
            "network": self._rate(now, "network", _loopback_bytes(), 1e6),
        }

    def close(self) -> None:
        self._store.close()

    def _rate(self, now: float, name: str, count: float | None, unit: float = 1.0) -> float | None:
        rate = self._rates[name].per_second(now, count)
        return None if rate is None else rate / unit

    def _query_time(self, store: Mapping[str, float]) -> float | None:
        """Milliseconds over statements since the last sample: a rate whose clock is the number of statements."""
        queries, spent = store.get("queries"), store.get("query_ms")
        return None if queries is None else self._rates["query_time"].per_second(queries, spent)

    def _processes(self, now: float) -> dict[str, float | None]:
        server = self._find_server()
        ours = family(self._self, server)
        backends = family(server)
        crawls = family(*map(_process, self._trial.crawl_pids))
        replica = family(_process(self._trial.replica.pid))
        probe = self._store.backend_pid
        groups = {
            "postgres": [process for pid, process in backends.items() if pid != probe],
            "crawler": [process for pid, process in crawls.items() if pid not in backends],
            "replica": replica.values(),
            "sampler": [self._self, *([backends[probe]] if probe in backends else [])],
        }
        usages = {name: self._groups[name].look(members) for name, members in groups.items()}
        figures = {f"{name}_cpu": self._cpu(now, name, usage) for name, usage in usages.items()}
        for name in ("crawler", "postgres"):
            figures |= self._usage(now, name, usages[name])
        return figures | self._machine(now, cpu_with_reaped(ours.values()))

    def _cpu(self, now: float, name: str, usage: Usage | None) -> float | None:
        return self._rate(now, f"{name}_cpu", usage and usage.cpu_seconds, 0.01)

    def _usage(self, now: float, name: str, usage: Usage | None) -> dict[str, float | None]:
        return {
            f"{name}_memory": _mega(usage and usage.memory_bytes),
            f"{name}_processes": usage and usage.process_count,
            f"{name}_threads": usage and usage.thread_count,
            f"{name}_files": usage and usage.file_count,
            f"{name}_read": self._rate(now, f"{name}_read", usage and usage.read_bytes, 1e6),
            f"{name}_written": self._rate(now, f"{name}_written", usage and usage.written_bytes, 1e6),
        }

    def _machine(self, now: float, our_seconds: float) -> dict[str, float | None]:
        """The time of others is what the machine worked less what all of our processes did, ended ones too."""
        times = psutil.cpu_times()
        stolen = getattr(times, "steal", 0.0)
        idle = times.idle + getattr(times, "iowait", 0.0)
        busy = sum(times) - idle - stolen - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        cores = psutil.cpu_count() or 1
        machine = self._rate(now, "machine_cpu", busy, 0.01)
        ours = self._rate(now, "ours", our_seconds, 0.01)
        return {
            "machine_cpu": None if machine is None else machine / cores,
            "steal": self._rate(now, "steal", stolen, 0.01 * cores),
            "foreign_cpu": None if machine is None or ours is None else max(0.0, machine - ours),
        }

    def _find_server(self) -> psutil.Process | None:
        """When it ended, the kernel has added what it read and wrote to the crawl that stopped it: begin anew."""
        root = self._trial.postgres.root
        if self._place is None and has_place(root):
            self._place = prepare_place(root)
        found = postmaster(self._place) if self._place else None
        if found != self._server:
            for name in ("crawler_read", "crawler_written"):
                self._rates.pop(name, None)
        self._server = found
        return found


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _mega(count: float | None) -> float | None:
    return None if count is None else count / 1e6


def _loopback_bytes() -> float | None:
    counters = psutil.net_io_counters(pernic=True)
    found = counters.get("lo") or counters.get("lo0")
    return found and float(found.bytes_recv)
