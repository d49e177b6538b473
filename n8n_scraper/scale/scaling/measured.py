"""What a step was like: one figure each, from the replica's access log, the samples and the rows. Pure.

None where there is nothing to tell it from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import linear_regression
from typing import Any

from n8n_scraper.report.measures import percentile
from n8n_scraper.scale.samples import Sample, foreign_share, mean, most, values
from n8n_scraper.scale.scaling.ladders import Step

EDGE = 0.1
"""Share of the workflows at either end that throughput leaves out: start and end are not the step's pace."""
FEWEST_FOR_SLOPE = 1000
"""Rows, as memory fills buffers and caches before."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Times in seconds unless named otherwise, CPU in % of a core, memory in MB."""

    step: Step
    rows: int
    failed: int
    """Rows that are not complete."""
    exit_codes: tuple[int, ...]
    throughput: float | None
    """Workflows a second."""
    busiest_ten_seconds: int
    """Most requests in any."""
    pace_kept: float | None
    """Throughput of the last third, of that of the first."""
    service: float | None
    """Of a workflow, on average: its requests under way."""
    p50: float | None
    p95: float | None
    p99: float | None
    crawler_cpu: float | None
    """Of one process, on average."""
    postgres_cpu: float | None
    replica_cpu: float | None
    machine_cpu: float | None
    """% of all cores."""
    foreign_cpu: float | None
    foreign_share: float | None
    """Of the samples, those that are flagged."""
    memory: float | None
    """Of all processes, the most that was seen."""
    memory_slope: float | None
    """MB for 1,000 rows more."""
    threads: float | None
    """Of one process, the most that was seen."""
    limiter_wait: float | None
    """Seconds that requests waited, in a second."""
    query_time: float | None
    """Milliseconds."""
    load_average: float | None
    steal: float | None

    @property
    def items_per_mb(self) -> float | None:
        """Workflows a minute for each MB of memory."""
        return self.throughput * 60 / self.memory if self.throughput and self.memory else None

    @property
    def busy_flows(self) -> float | None:
        """Flows of all processes that had a request under way, on average (Little's law)."""
        return self.throughput * self.service if self.throughput and self.service else None

    @property
    def cpu_ms(self) -> float | None:
        """Milliseconds of the crawlers' CPU for a workflow: others on the machine hardly change it."""
        if self.crawler_cpu is None or not self.throughput:
            return None
        return self.crawler_cpu * self.step.processes * 10 / self.throughput


def measure(
    step: Step,
    *,
    arrivals: Sequence[float],
    requests: Sequence[float],
    rows: Sequence[Mapping[str, Any]],
    samples: Sequence[Sample],
    exit_codes: Sequence[int],
) -> Measured:
    """``arrivals`` are times of the requests for workflows, ``requests`` of all to the two hosts, ascending."""
    working = while_working(samples)
    service = [row["service_seconds"] for row in rows]
    cpu, threads = mean(working, "crawler_cpu"), most(working, "crawler_threads")
    return Measured(
        step=step,
        rows=len(rows),
        failed=sum(row["crawl_status"] != "complete" for row in rows),
        exit_codes=tuple(exit_codes),
        throughput=pace(arrivals, EDGE, 1 - EDGE),
        busiest_ten_seconds=busiest(requests, 10.0),
        pace_kept=_ratio(pace(arrivals, 2 / 3, 1 - EDGE / 2), pace(arrivals, EDGE / 2, 1 / 3)),
        service=sum(service) / len(service) if service else None,
        **{f"p{share}": percentile(service, share / 100) for share in (50, 95, 99)},
        crawler_cpu=None if cpu is None else cpu / step.processes,
        **{name: mean(working, name) for name in _MEANS},
        foreign_share=foreign_share(working),
        memory=most(working, "crawler_memory"),
        memory_slope=memory_slope(working),
        threads=None if threads is None else threads / step.processes,
    )


_MEANS = (
    *("postgres_cpu", "replica_cpu", "machine_cpu", "foreign_cpu"),
    *("limiter_wait", "query_time", "load_average", "steal"),
)


def while_working(samples: Sequence[Sample]) -> Sequence[Sample]:
    """From the first sample with a request to the last."""
    asked = [number for number, sample in enumerate(samples) if sample["requests"]]
    return samples[asked[0] : asked[-1] + 1] if asked else ()


def pace(arrivals: Sequence[float], begin: float, end: float) -> float | None:
    """A second, between these shares of all."""
    first, last = round(begin * (len(arrivals) - 1)), round(end * (len(arrivals) - 1))
    if last <= first or arrivals[last] <= arrivals[first]:
        return None
    return (last - first) / (arrivals[last] - arrivals[first])


def busiest(times: Sequence[float], seconds: float) -> int:
    """The most in any window of that length, its end left out."""
    most_seen = first = 0
    for number, time in enumerate(times):
        while time - times[first] >= seconds:
            first += 1
        most_seen = max(most_seen, number - first + 1)
    return most_seen


def memory_slope(samples: Sequence[Sample]) -> float | None:
    """Over the last four fifths of the rows."""
    rows = max(values(samples, "rows"), default=0)
    points = [
        (sample["rows"], sample["crawler_memory"])
        for sample in samples
        if sample["rows"] is not None and sample["crawler_memory"] is not None and sample["rows"] >= rows / 5
    ]
    if rows < FEWEST_FOR_SLOPE or len({row for row, _ in points}) < 3:
        return None
    return linear_regression(*zip(*points, strict=True)).slope * 1000


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
