"""What bottlenecks are told by: one figure each of what a run left. Pure; None where there is too little to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression

from n8n_scraper.report.measures import percentile
from n8n_scraper.scale.run_folder import Outcome, RunFolder

Sample = Mapping[str, float | None]
FEWEST_SAMPLES = 5
FEWEST_FOR_GROWTH = 240
"""Samples to tell growth from a start, or from a kill in the middle."""
FEWEST_ROWS = 5000
"""To tell a slope of memory from the filling of buffers and caches."""


@dataclass(frozen=True)
class Seen:
    """A run as the rules look at it."""

    found: RunFolder

    @property
    def working(self) -> Sequence[Sample]:
        """Samples from the first request to the last."""
        samples = self.found.samples
        asked = [number for number, sample in enumerate(samples) if sample.get("requests")]
        return samples[asked[0] : asked[-1] + 1] if asked else ()

    @property
    def good(self) -> Sequence[Outcome]:
        """Those for which nothing was planned: what is wrong with them, no fault plan explains."""
        return [one for one in self.found.outcomes if one["group"] == "good"]

    def values(self, name: str) -> list[float]:
        return [value for sample in self.working if (value := sample.get(name)) is not None]

    def mean(self, name: str) -> float | None:
        values = self.values(name)
        return fmean(values) if len(values) >= FEWEST_SAMPLES else None


def mean_of(name: str) -> Callable[[Seen], float | None]:
    return lambda seen: seen.mean(name)


def of_the_rate(seen: Seen) -> float | None:
    promised = seen.found.run.get("rate", 0.0) * seen.found.run.get("clock", 1.0)
    mean = seen.mean("requests")
    return 100 * mean / promised if promised and mean is not None else None


def disturbed(seen: Seen) -> float | None:
    mean = seen.mean("foreign")
    return None if mean is None else 100 * mean


def waiting(seen: Seen) -> float | None:
    """Seconds in which ids were left and nothing was asked for."""
    left = [sample for sample in seen.working if sample.get("queue")]
    if len(left) < FEWEST_SAMPLES:
        return None
    return 100 * sum(not sample.get("requests") for sample in left) / len(left)


def requests_each(seen: Seen) -> float | None:
    counts = [count for one in seen.good if (count := one["request_count"]) is not None]
    return fmean(counts) if counts else None


def share_of_the_slow(seen: Seen) -> float | None:
    """Of all service time of good workflows, what the twentieth part that is slowest took."""
    times = sorted(time for one in seen.good if (time := one["service_seconds"]) is not None)
    whole = sum(times)
    return 100 * sum(times[-(-len(times) * 19 // 20) :]) / whole if whole else None


def query_p95(seen: Seen) -> float | None:
    return seen.found.figures.get("store_query_p95")


def memory_slope(seen: Seen) -> float | None:
    """MB for every 10,000 rows, once the first fifth is there."""
    points = [
        (rows, memory)
        for one in seen.working
        if (rows := one.get("rows")) is not None and (memory := one.get("crawler_memory")) is not None
    ]
    last = max((rows for rows, _ in points), default=0)
    steady = [point for point in points if point[0] >= last / 5]
    if last < FEWEST_ROWS or len({rows for rows, _ in steady}) < 2:
        return None
    return linear_regression(*zip(*steady, strict=True)).slope * 10_000


def growth_of(name: str) -> Callable[[Seen], float | None]:
    """Of the last quarter to the second: the first is the start."""

    def measure(seen: Seen) -> float | None:
        values = seen.values(name)
        if len(values) < FEWEST_FOR_GROWTH:
            return None
        quarter = len(values) // 4
        before = percentile(values[quarter : 2 * quarter], 0.5)
        after = percentile(values[-quarter:], 0.5)
        return after / before if before and after is not None else None

    return measure
