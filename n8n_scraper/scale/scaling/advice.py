"""What follows from a ladder: capacity with a margin, what to watch, when to scale. By declared rules; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from n8n_scraper.scale.scaling.ladders import LATENCY, TRUE_RATE, Ladder
from n8n_scraper.scale.scaling.measured import Measured
from n8n_scraper.scale.scaling.rules import LEAST_OF_RATE, MOST_CPU, MOST_SERVICE, MOST_THREADS, StepVerdict

MARGIN = 0.3
"""Of the throughput that was reached, kept free for what a short test does not see."""
MEMORY_ROOM = 1.5
IDLE_CPU = 30.0
"""Percent of a core of all crawlers together that one could do alone, three times over."""


class Capacity(NamedTuple):
    """``per_second`` is with the margin taken off; ``step`` the best of those that passed before any failed."""

    step: Measured
    per_second: float

    def sentence(self, ladder: Ladder) -> str:
        reached = f"{self.step.throughput or 0:.3g} workflows/s with {self.step.step.label}"
        if ladder.is_paced:
            return f"{reached}: the rate is kept, and more load brings no more of it"
        times = self.per_second / TRUE_RATE
        what = f"{self.per_second:.3g} workflows/s ({MARGIN:.0%} margin of {reached})"
        return f"{what}, {times:.3g} times the true rate of {TRUE_RATE:g}/s"


class Threshold(NamedTuple):
    """An alert where the quantity passes the bound for some minutes."""

    quantity: str
    bound: str
    why: str


def capacity(ladder: Ladder, verdicts: Sequence[StepVerdict]) -> Capacity | None:
    """None where not even the baseline passed."""
    passed: list[Measured] = []
    for verdict in verdicts:
        if not verdict.is_passed:
            break
        passed.append(verdict.measured)
    if not passed:
        return None
    choose = max if ladder.is_linear or ladder.is_paced else min  # unlike work: what is slowest has to fit too
    best = choose(passed, key=lambda step: step.throughput or 0.0)
    margin = 0.0 if ladder.is_paced else MARGIN
    return Capacity(best, (best.throughput or 0.0) * (1 - margin))


def thresholds(base: Measured, at_capacity: Measured) -> list[Threshold]:
    """From what the baseline and the last good step were like."""
    found = [
        Threshold("CPU of the crawler", f"> {MOST_CPU:g} % of a core", "its one thread has no more to give"),
        Threshold("failed workflows", "> 0 without a fault of the site", "no step of a healthy crawler had any"),
    ]
    if base.p95 is not None:
        bound = f"p95 > {MOST_SERVICE * base.p95 * 1000:.0f} ms where the site takes {LATENCY * 1000:g} ms"
        found.append(Threshold("service time", bound, f"{MOST_SERVICE:g} × that of the baseline"))
    if at_capacity.memory is not None:
        bound = f"> {MEMORY_ROOM * at_capacity.memory / at_capacity.step.processes:.0f} MB for each process"
        found.append(Threshold("memory", bound, f"{MEMORY_ROOM:g} × the most at the last good step"))
    if base.threads is not None:
        bound = f"> {math.ceil(MOST_THREADS * base.threads)} for each process"
        found.append(Threshold("threads", bound, f"{MOST_THREADS:g} × the baseline's"))
    promised = f"< {LEAST_OF_RATE * TRUE_RATE:g}/s while ids are left and nobody asked to wait"
    return [*found, Threshold("requests", promised, f"{LEAST_OF_RATE:.0%} of the promise of {TRUE_RATE:g}/s")]


def when_to_scale(verdicts: Sequence[StepVerdict]) -> list[str]:
    """Up, down, and when it is of no use."""
    at_rate = [one for one in verdicts if one.bottleneck.name == "the promise of the rate"]
    flows = math.ceil(TRUE_RATE * max((one.measured.p99 or 0.0 for one in verdicts), default=0.0)) + 1
    up = (
        f"up when less than {LEAST_OF_RATE:.0%} of the promised rate is reached for five minutes, ids are left, and "
        f"the crawler's CPU is above {MOST_CPU:g} % (another process) or below it with all flows busy (more flows: the "
        f"rate times the service time, here {flows})"
    )
    down = f"down when the rate is reached and the crawlers together use less than {IDLE_CPU:g} % of a core: to one"
    never = "not at all at the promised rate: more flows and processes bring nothing but fail-over" if at_rate else ""
    return [sentence for sentence in (up, down, never) if sentence]
