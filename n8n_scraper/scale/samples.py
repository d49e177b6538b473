"""What is sampled once a second while crawls are on trial: the table SAMPLE, and how rates and the flag are made. Pure.

A sample is one JSON object a line of ``samples.jsonl``: ``t``, seconds since the sampling began, then every name of
SAMPLE. What was not measured is null, never 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from n8n_scraper.exceptions import StartError

Sample = Mapping[str, Any]
FOREIGN_CPU = 20.0
"""Percent of a core that processes of others may use before a sample is flagged."""


class Quantity(NamedTuple):
    """Rates are over the time since the sample before."""

    name: str
    unit: str
    meaning: str
    source: str


_LOG, _STORE, _CRAWLER = "the replica's access log", "the store, asked on a connection of its own", "its metrics file"
_PROCESSES, _MACHINE = "processes, by tree", "the kernel's counters"

SAMPLE: tuple[Quantity, ...] = (
    Quantity("requests", "1/s", "requests that the replica answered, or refused to", _LOG),
    Quantity("answers_429", "1/s", "of these, answered with 429", _LOG),
    Quantity("items", "1/s", "rows committed", _STORE),
    Quantity("rows", "rows", "in the store, failed ones too", _STORE),
    Quantity("queue", "ids", "of the jobs, not done yet", _STORE),
    Quantity("limiter_wait", "s/s", "time that requests waited for their turn, all together", _CRAWLER),
    Quantity("crawler_cpu", "% of a core", "of all crawls, without Postgres", _PROCESSES),
    Quantity("crawler_memory", "MB", "resident memory of all crawls", _PROCESSES),
    Quantity("crawler_processes", "processes", "crawls and what they started, without Postgres", _PROCESSES),
    Quantity("crawler_threads", "threads", "of these", _PROCESSES),
    Quantity("crawler_files", "files", "open files and sockets of these", _PROCESSES),
    Quantity("crawler_read", "MB/s", "read from disk by these", _PROCESSES),
    Quantity("crawler_written", "MB/s", "written to disk by these", _PROCESSES),
    Quantity("postgres_cpu", "% of a core", "of the server and its backends, without the sampler's", _PROCESSES),
    Quantity("postgres_memory", "MB", "their memory, what they share counted once", _PROCESSES),
    Quantity("postgres_read", "MB/s", "read from disk by these", _PROCESSES),
    Quantity("postgres_written", "MB/s", "written to disk by these", _PROCESSES),
    Quantity("connections", "connections", "to the store, without the sampler's", _STORE),
    Quantity("transactions", "1/s", "committed in the store, the sampler's own one a second too", _STORE),
    Quantity("inserts", "1/s", "rows inserted into any table", _STORE),
    Quantity("wal", "MB/s", "write-ahead log written", _STORE),
    Quantity("database", "MB", "size of the database on disk", _STORE),
    Quantity("queries", "1/s", "statements of the crawls", "pg_stat_statements"),
    Quantity("query_time", "ms", "mean time of these", "pg_stat_statements"),
    Quantity("replica_cpu", "% of a core", "of the replica", _PROCESSES),
    Quantity("sampler_cpu", "% of a core", "of the command that samples, and of its connection", _PROCESSES),
    Quantity("foreign_cpu", "% of a core", "of everybody else: the machine's less all of the above", _MACHINE),
    Quantity("machine_cpu", "% of all cores", "not idle", _MACHINE),
    Quantity("steal", "% of all cores", "taken by other virtual machines", _MACHINE),
    Quantity("load_average", "processes", "that wanted the CPU, over the last minute", _MACHINE),
    Quantity("network", "MB/s", "received over the loopback interface, by anybody", _MACHINE),
    Quantity("foreign", "flag", f"foreign_cpu above {FOREIGN_CPU:g}: others used the machine", "the sample itself"),
)
NAMES = tuple(quantity.name for quantity in SAMPLE)


class Rate:
    """A counter as a rate per second; None before the second reading, and where the counter began anew."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def per_second(self, now: float, count: float | None) -> float | None:
        """``count`` None: it could not be read, which leaves the reading before in force."""
        if count is None:
            return None
        before, self._last = self._last, (now, count)
        if before is None or count < before[1] or now <= before[0]:
            return None
        return (count - before[1]) / (now - before[0])


def as_sample(t: float, measured: Mapping[str, float | int | None]) -> dict[str, Any]:
    """Complete and in the order of the table, with the flag."""
    foreign = measured.get("foreign_cpu")
    flag = None if foreign is None else foreign > FOREIGN_CPU
    values = {name: _rounded(measured.get(name)) for name in NAMES}
    return {"t": round(t, 3), **values, "foreign": flag}


def _rounded(value: float | int | None) -> float | int | None:
    return round(value, 4) if isinstance(value, float) else value


def read_samples(path: Path, last_bytes: int | None = None) -> list[dict[str, Any]]:
    """All whole lines, or those of the file's end; a last one that is being written is left out.

    Raises:
        StartError: there is no such file.
    """
    try:
        with path.open("rb") as file:
            begin = max(0, path.stat().st_size - last_bytes) if last_bytes else 0
            file.seek(begin)
            lines = file.read().split(b"\n")
    except OSError as error:
        raise StartError(f"Samples {path}: {error.strerror}.") from None
    return [json.loads(line) for line in lines[bool(begin) : -1]]


def values(samples: Iterable[Sample], name: str) -> list[float]:
    """Of those that were measured."""
    return [sample[name] for sample in samples if sample[name] is not None]


def mean(samples: Iterable[Sample], name: str) -> float | None:
    found = values(samples, name)
    return sum(found) / len(found) if found else None


def most(samples: Iterable[Sample], name: str) -> float | None:
    return max(values(samples, name), default=None)


def foreign_share(samples: Sequence[Sample]) -> float | None:
    """Share of the samples taken while others used the machine; None where nobody could tell."""
    return mean(samples, "foreign")
