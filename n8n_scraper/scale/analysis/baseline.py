"""A run against runs that were saved before: ratio and noise of each figure, and what must never be compared. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from n8n_scraper.printable import printable
from n8n_scraper.scale.analysis.decision import TIMED
from n8n_scraper.scale.conditions import TRUE_RATE

ASSUMED_NOISE, ASSUMED_NOISE_OF_TIME = 0.01, 0.2
"""Where a baseline has one run: nobody knows how much its figures vary by themselves."""
LEAST_NOISE_OF_TIME = 0.05
"""A few runs that happen to agree do not tell that the next one must."""
SAME, BETTER, WORSE, OTHER, NOT_JUDGED = "same", "better", "worse", "differs", "not judged"
Figures = Mapping[str, float | None]


class Conditions(NamedTuple):
    """What must be equal for a comparison to say something of the crawler."""

    size: int
    rate: float
    clock: float
    layers: str

    @property
    def is_true(self) -> bool:
        return self.clock == 1 and self.rate == TRUE_RATE

    def __str__(self) -> str:
        rate = f"at {self.rate:g} requests a second" if self.rate else "without a limit of the rate"
        clock = "on the true clock" if self.clock == 1 else f"with the clock compressed {self.clock:g} times"
        return f"{self.size:,} workflows {rate}, {clock}, layers {printable(self.layers) or 'as usual'}"


@dataclass(frozen=True, kw_only=True)
class SavedRun:
    name: str
    begun_at: str
    is_disturbed: bool
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """``is_least`` tells of the figures that are criteria whether more is better."""

    conditions: Conditions
    runs: Sequence[SavedRun]
    is_least: Mapping[str, bool]

    @property
    def quiet_runs(self) -> Sequence[SavedRun]:
        """Those that nothing disturbed; all where there is none."""
        return [run for run in self.runs if not run.is_disturbed] or self.runs

    @property
    def is_disturbed(self) -> bool:
        return all(run.is_disturbed for run in self.runs)


class Compared(NamedTuple):
    """``ratio`` is now to before, None where before is 0; ``noise`` is the spread of the baseline's runs as a share of
    their median, assumed where it has one run.
    """

    name: str
    before: float
    now: float
    ratio: float | None
    noise: float
    is_assumed: bool
    verdict: str


def why_not(one: Conditions, other: Conditions) -> str | None:
    """Why runs under these conditions are not compared, in a sentence."""
    if one.is_true != other.is_true:
        true, fast = (one, other) if one.is_true else (other, one)
        return f"True-rate and compressed runs are never compared. True: {true}. Compressed: {fast}."
    return None if one == other else f"Only runs under equal conditions are compared, not {one} with {other}."


def compare(baseline: Baseline, figures: Figures, *, is_disturbed: bool) -> Iterator[Compared]:
    """Every figure that both have; the caller has asked :func:`why_not` before."""
    for name in sorted(figures):
        now = figures[name]
        values = [value for run in baseline.quiet_runs if (value := run.figures.get(name)) is not None]
        if now is None or not values:
            continue
        before, is_assumed = median(values), len(values) < 2
        varies = _varies(name, baseline)
        noise = _noise(values, varies=varies)
        is_told_only = varies and not before
        verdict = _verdict(before, now, noise, None if is_told_only else baseline.is_least.get(name))
        if verdict != SAME and name in TIMED and (is_disturbed or baseline.is_disturbed):
            verdict = NOT_JUDGED
        yield Compared(name, before, now, now / before if before else None, noise, is_assumed, verdict)


def _varies(name: str, baseline: Baseline) -> bool:
    """By itself, from run to run: times, memory, and whatever no criterion is about."""
    return name in TIMED | {"peak_memory"} or name not in baseline.is_least


def _noise(values: Sequence[float], *, varies: bool) -> float:
    if len(values) < 2:
        return ASSUMED_NOISE_OF_TIME if varies else ASSUMED_NOISE
    middle = median(values)
    spread = (max(values) - min(values)) / middle if middle else 0.0
    return max(spread, LEAST_NOISE_OF_TIME) if varies else spread


def _verdict(before: float, now: float, noise: float, is_least: bool | None) -> str:
    if abs(now - before) <= noise * abs(before):
        return SAME
    if is_least is None:
        return OTHER
    return BETTER if (now > before) == is_least else WORSE


def named(compared: Sequence[Compared], verdict: str) -> tuple[str, ...]:
    return tuple(one.name for one in compared if one.verdict == verdict)
