"""Verdicts on steps: what passes, what is flagged, where it breaks. Declared bounds; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from n8n_scraper.scale.scaling.bottlenecks import Bottleneck, find_bottleneck
from n8n_scraper.scale.scaling.ladders import Ladder
from n8n_scraper.scale.scaling.measured import Measured
from n8n_scraper.scale.speed import MOST_MB_PER_10_000

LEAST_EFFICIENCY = 0.8
MOST_SERVICE = 2.0
"""Times the baseline's service time."""
LEAST_OF_RATE = 0.95
MOST_OF_RATE = 1.05
"""In any ten seconds; a turn more than the rate times ten is what the gate allows."""
LEAST_PACE_KEPT = 0.9
LEAST_RECOVERED = 0.9
"""Of the throughput that the same load had brought before it rose."""
MOST_CPU = 90.0
MOST_THREADS = 1.5
"""Times the baseline's."""
CLIFF = 0.5
"""Of the best step with less load: below it, throughput fell off a cliff."""
LEAST_OF_BEST = 0.8
"""Of the best step: degradation beyond it is graceful down to here."""


class Judged(NamedTuple):
    """A check of one step: ``figure`` against its bound; None: nothing was measured, which fails."""

    name: str
    figure: float | None
    bound: str
    is_passed: bool


@dataclass(frozen=True)
class StepVerdict:
    """``flags`` are remarkable and fail nothing."""

    measured: Measured
    checks: tuple[Judged, ...]
    flags: tuple[str, ...]
    is_cliff: bool
    bottleneck: Bottleneck
    efficiency: float | None
    """Of what the baseline brings times the load."""

    @property
    def is_passed(self) -> bool:
        return all(check.is_passed for check in self.checks) and not self.is_cliff


class Grace(NamedTuple):
    """Whether it degrades gracefully, and why (not)."""

    is_graceful: bool
    reasons: tuple[str, ...]


def judge(ladder: Ladder, steps: Sequence[Measured]) -> list[StepVerdict]:
    """The first step is the baseline."""
    return [_verdict(ladder, steps[0], step, steps[:number]) for number, step in enumerate(steps)]


def _verdict(ladder: Ladder, base: Measured, step: Measured, before: Sequence[Measured]) -> StepVerdict:
    efficiency = _efficiency(base, step)
    return StepVerdict(
        step,
        (*_checks(ladder, base, step, efficiency), *_recovered(step, before)),
        tuple(_flags(base, step)),
        is_cliff(step, before),
        find_bottleneck(step),
        efficiency,
    )


def _efficiency(base: Measured, step: Measured) -> float | None:
    if not base.throughput or step.throughput is None:
        return None
    return step.throughput / (base.throughput * step.step.load / base.step.load)


def _checks(ladder: Ladder, base: Measured, step: Measured, efficiency: float | None) -> list[Judged]:
    checks = [_whole(step)]
    if step is not base:
        checks += [_least("efficiency", efficiency, LEAST_EFFICIENCY)] if ladder.is_linear else []
        ratios = {name: _times(getattr(step, name), getattr(base, name)) for name in ("p50", "p95", "p99")}
        checks += [_most(name, ratio, MOST_SERVICE) for name, ratio in ratios.items()]
    if ladder.is_paced:
        rate = step.step.rate
        most = max(10 * rate * MOST_OF_RATE, 10 * rate + 1)
        checks += [_least("of the rate", _times(step.throughput, rate), LEAST_OF_RATE)]
        busiest = Judged("requests in 10 s", step.busiest_ten_seconds, f"≤ {most:g}", step.busiest_ten_seconds <= most)
        checks += [busiest, _least("pace kept", step.pace_kept, LEAST_PACE_KEPT)]
    if ladder.is_long:
        growth = None if step.memory_slope is None else 10 * step.memory_slope
        checks += [_most("MB for 10,000 workflows more", growth, MOST_MB_PER_10_000)]
    return checks


def _recovered(step: Measured, before: Sequence[Measured]) -> list[Judged]:
    """On a way down: against the step of the same load on the way up."""
    loads = [one.step.load for one in before]
    is_down = bool(loads) and max(loads) > step.step.load
    same = next((one for one in before if is_down and one.step.load == step.step.load), None)
    return [_least("recovered", _times(step.throughput, same.throughput), LEAST_RECOVERED)] if same else []


def _whole(step: Measured) -> Judged:
    """Every workflow has a complete row, and every crawl ended well."""
    complete = step.rows - step.failed
    is_whole = complete == step.step.workflows and not any(step.exit_codes)
    return Judged("complete rows", complete, f"= {step.step.workflows}", is_whole)


def _least(name: str, figure: float | None, bound: float) -> Judged:
    return Judged(name, figure, f"> {bound:g}", figure is not None and figure > bound)


def _most(name: str, figure: float | None, bound: float) -> Judged:
    return Judged(name, figure, f"< {bound:g}", figure is not None and figure < bound)


def _times(figure: float | None, base: float | None) -> float | None:
    return figure / base if figure is not None and base else None


def _flags(base: Measured, step: Measured) -> list[str]:
    found = []
    if (step.crawler_cpu or 0) > MOST_CPU:
        found.append(f"CPU {step.crawler_cpu:.0f} %")
    growth = _times(step.threads, base.threads)
    if growth is not None and growth > MOST_THREADS:
        found.append(f"threads × {growth:.1f}")
    if step.foreign_share:
        found.append(f"foreign load in {step.foreign_share:.0%} of the samples")
    return found


def is_cliff(step: Measured, before: Sequence[Measured]) -> bool:
    """Less than half of what a smaller load brought; of steps with less load only, as some ladders come down again."""
    smaller = [one.throughput or 0.0 for one in before if one.step.load < step.step.load]
    return bool(smaller) and (step.throughput or 0.0) < CLIFF * max(smaller)


def grace(verdicts: Sequence[StepVerdict]) -> Grace:
    """Beyond its best step a ladder may bring a little less, and must lose nothing."""
    reasons = [rule(verdicts) for rule in _DISGRACES]
    found = tuple(reason for reason in reasons if reason)
    return Grace(not found, found or ("no cliff, no failed workflow, and what was best is nearly kept beyond it",))


def _cliffs(verdicts: Sequence[StepVerdict]) -> str:
    names = [one.measured.step.label for one in verdicts if one.is_cliff]
    return f"throughput falls by more than half at {', '.join(names)}" if names else ""


def _losses(verdicts: Sequence[StepVerdict]) -> str:
    lost = {one.measured.step.label: _whole(one.measured) for one in verdicts}
    names = [label for label, check in lost.items() if not check.is_passed]
    return f"workflows are missing or failed at {', '.join(names)}" if names else ""


def _sinking(verdicts: Sequence[StepVerdict]) -> str:
    """Of the steps with more load than the best one."""
    best = max(verdicts, key=lambda one: one.measured.throughput or 0.0).measured
    beyond = [one.measured for one in verdicts if one.measured.step.load > best.step.load]
    sunk = [one.step.label for one in beyond if (one.throughput or 0) < LEAST_OF_BEST * (best.throughput or 0)]
    return f"less than {LEAST_OF_BEST:.0%} of the best throughput is left at {', '.join(sunk)}" if sunk else ""


_DISGRACES: tuple[Callable[[Sequence[StepVerdict]], str], ...] = (_cliffs, _losses, _sinking)
