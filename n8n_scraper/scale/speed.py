"""Figures of crawls that were measured: what they cost, how that compares, and how far they are from the aims. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import linear_regression
from typing import NamedTuple

LEAST_RATIO = 0.5
"""Of the bare spider's CPU time to ours with everything on."""
MOST_CPU_MS = 5.0
"""Of the crawler, for one workflow, with everything on."""
MOST_MB_PER_10_000 = 5.0
"""By which the crawler's memory may grow with every 10,000 workflows."""
WARM_SHARE = 0.2
"""Of a crawl: until then memory also grows because buffers and caches fill for the first time."""
MOST_FOREIGN_SHARE = 0.1
"""Of the machine: with more of it used by others, nothing here is to be compared with another day."""
MB = 1_000_000


class Sample(NamedTuple):
    """The crawler's process at one moment."""

    seconds: float
    """Since it was started."""
    answered: int
    """Workflows that the replica answered."""
    cpu_seconds: float
    """User and system, without its children: the store's server is none of it."""
    rss: int
    """Bytes."""


class Measured(NamedTuple):
    """One crawl from its start to its end."""

    name: str
    workflows: int
    samples: Sequence[Sample]
    load_average: float
    foreign_share: float
    """Of all cores, used by others than crawler, replica and store."""

    @property
    def cpu_ms(self) -> float:
        """For one workflow, start and end included."""
        return 1000 * self.samples[-1].cpu_seconds / self.workflows

    @property
    def start_cpu_seconds(self) -> float:
        """Until the first workflow was answered: imports, robots.txt, sitemap, prices."""
        return next((s.cpu_seconds for s in reversed(self.samples) if not s.answered), 0.0)

    @property
    def per_second(self) -> float:
        return self.workflows / self.samples[-1].seconds

    @property
    def peak_mb(self) -> float:
        return max(sample.rss for sample in self.samples) / MB

    @property
    def is_disturbed(self) -> bool:
        return self.foreign_share > MOST_FOREIGN_SHARE

    def mb_per_10_000(self) -> float:
        """The slope of memory over the workflows answered, as far as the crawl was warm and not yet at its end."""
        steady = [s for s in self.samples if WARM_SHARE * self.workflows <= s.answered < self.workflows]
        if len({sample.answered for sample in steady}) < 2:
            return 0.0
        slope, _ = linear_regression([s.answered for s in steady], [s.rss for s in steady])
        return slope * 10_000 / MB


def cheapest(rounds: Sequence[Measured]) -> Measured:
    """The round that cost the least: others on the machine only ever add to it."""
    return min(rounds, key=lambda measured: measured.cpu_ms)


def speed_lines(bare: Measured, ours: Sequence[Measured]) -> Iterator[str]:
    """As Markdown, ratios first."""
    heads = ["crawl", "ratio to bare, by CPU", "CPU ms a workflow", "of it the start"]
    yield _line(*heads, "items/s", "peak RSS, MB", "load average", "CPU used by others")
    yield "|---" * 8 + "|"
    for measured in (*ours, bare):
        start = 1000 * measured.start_cpu_seconds / measured.workflows
        flag = " !" if measured.is_disturbed else ""
        ratio, peak = bare.cpu_ms / measured.cpu_ms, f"{measured.peak_mb:.0f}"
        costs = [f"{ratio:.2f}", f"{measured.cpu_ms:.2f}", f"{start:.2f}", f"{measured.per_second:.0f}", peak]
        yield _line(measured.name, *costs, f"{measured.load_average:.1f}", f"{measured.foreign_share:.0%}{flag}")


def memory_lines(measured: Measured) -> Iterator[str]:
    """At every tenth of the crawl, as Markdown."""
    yield "| workflows | RSS, MB | CPU s |"
    yield "|---|---|---|"
    due = 0
    for sample in measured.samples:
        if sample.answered >= due:
            yield f"| {sample.answered} | {sample.rss / MB:.0f} | {sample.cpu_seconds:.0f} |"
            due += max(1, measured.workflows // 10)


def memory_sentence(measured: Measured) -> str:
    return (
        f"{measured.workflows} workflows: {measured.mb_per_10_000():+.1f} MB for every 10,000 (the aim is under"
        f" {MOST_MB_PER_10_000:g}), at most {measured.peak_mb:.0f} MB, {measured.cpu_ms:.2f} ms CPU each;"
        f" load average {measured.load_average:.1f}"
    )


def stage_lines(stages: Mapping[str, float], everything: Measured) -> Iterator[str]:
    """``stages`` are CPU seconds for one workflow; what they leave of the whole crawl is Scrapy and the like."""
    whole = everything.cpu_ms
    parts = {name: 1000 * seconds for name, seconds in stages.items()}
    yield "| stage | CPU ms a workflow | share |"
    yield "|---|---|---|"
    rest = {"requests, answers, log, start (the rest)": whole - sum(parts.values())}
    for name, milliseconds in (parts | rest).items():
        yield f"| {name} | {milliseconds:.2f} | {milliseconds / whole:.0%} |"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def missed(bare: Measured, everything: Measured) -> list[str]:
    """The aims that are not reached, each in a sentence."""
    ratio = bare.cpu_ms / everything.cpu_ms
    sentences = {
        f"{ratio:.2f} of the bare spider's speed, the aim is {LEAST_RATIO:g}": ratio >= LEAST_RATIO,
        f"{everything.cpu_ms:.2f} ms CPU a workflow, the aim is {MOST_CPU_MS:g}": everything.cpu_ms < MOST_CPU_MS,
    }
    return [sentence for sentence, is_reached in sentences.items() if not is_reached]
