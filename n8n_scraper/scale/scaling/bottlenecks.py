"""What held a step back, named with its evidence: the first of the declared rules that holds. Pure.

The order is that of certainty: what is limited on purpose comes first, then what has nothing left, then who else had
the machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from n8n_scraper.scale.scaling.ladders import LATENCY
from n8n_scraper.scale.scaling.measured import Measured

NEARLY = 0.9
"""Of a rate, a ceiling or the flows: so much of it is as good as all."""
USUAL_SERVICE = 1.2
"""Times the stand-in's latency: an answer that takes longer waits for something else."""
FULL_CORE = 85.0
"""Percent of a core that a single thread has on average when it has no more to give."""
FULL_MACHINE = 90.0
"""Percent of all cores."""
FOREIGN = 20.0
"""Percent of a core."""
BUSY_CORE = 50.0
"""Percent of a core from which the flows of a process are in each other's way: its thread takes one at a time, and
works in bursts, when a batch of rows was committed."""
SLOW_QUERY = 20.0
"""Milliseconds a statement takes on average."""


class Bottleneck(NamedTuple):
    name: str
    evidence: str


class Rule(NamedTuple):
    name: str
    holds: Callable[[Measured], bool]
    evidence: Callable[[Measured], str]


def find_bottleneck(step: Measured) -> Bottleneck:
    for rule in RULES:
        if rule.holds(step):
            return Bottleneck(rule.name, rule.evidence(step))
    figures = f"crawler {_n(step.crawler_cpu)} %, machine {_n(step.machine_cpu)} %"
    return Bottleneck("not found", f"nothing measured was full: {figures}, query {_n(step.query_time)} ms")


def _is_at_rate(step: Measured) -> bool:
    return bool(step.step.rate) and (step.throughput or 0) >= NEARLY * step.step.rate


def _rate_evidence(step: Measured) -> str:
    waited = f"requests waited {_n(step.limiter_wait)} s a second for their turn"
    return f"{_n(step.throughput)} of the {step.step.rate:g} requests/s that are promised; {waited}"


def _is_at_ceiling(step: Measured) -> bool:
    """So much comes as the latency lets through, or all flows wait for answers that take what they are told to."""
    is_usual = (step.service or math.inf) <= USUAL_SERVICE * LATENCY and not step.step.rate
    is_busy = is_usual and (step.busy_flows or 0) >= NEARLY * step.step.flows * step.step.processes
    return is_busy or (step.throughput or 0) >= NEARLY * step.step.ceiling


def _ceiling_evidence(step: Measured) -> str:
    flows = step.step.flows * step.step.processes
    allows = f"{step.step.ceiling:g} that {flows} flows allow at this latency, {_n(step.busy_flows)} of them busy"
    return f"{_n(step.throughput)} of the {allows}; crawler {_n(step.crawler_cpu)} % of a core"


def _is_shared(step: Measured) -> bool:
    return (step.machine_cpu or 0) >= FULL_MACHINE and (step.foreign_cpu or 0) > FOREIGN


def _shares(step: Measured) -> str:
    ours = f"crawlers {step.step.processes} × {_n(step.crawler_cpu)} %, Postgres {_n(step.postgres_cpu)} %"
    others = f"stand-in {_n(step.replica_cpu)} %, others {_n(step.foreign_cpu)} % of a core"
    return f"all cores {_n(step.machine_cpu)} % busy: {ours}, {others}"


def _waits_for_thread(step: Measured) -> bool:
    """Flows are idle, and not because of the site: it would be asked for more."""
    flows, busy = step.step.flows * step.step.processes, step.busy_flows
    has_idle = not step.step.rate and busy is not None and busy < NEARLY * flows
    return has_idle and (step.crawler_cpu or 0) >= BUSY_CORE


def _thread_evidence(step: Measured) -> str:
    flows = step.step.flows * step.step.processes
    idle = f"only {_n(step.busy_flows)} of {flows} flows have a request under way, the others wait for a thread that is"
    at_best = f"at best {_n(_allowed(step))} workflows/s would come through"
    return f"{idle} busy for {_n(step.crawler_cpu)} % of a core, {_n(step.cpu_ms)} ms for each workflow: {at_best}"


def _allowed(step: Measured) -> float:
    """Workflows a second of flows that are LATENCY at the site and then wait in line for their process (mean value
    analysis of a closed queue)."""
    work, waiting, rate = (step.cpu_ms or 0.0) / 1000, 0.0, 0.0
    for flows in range(1, step.step.flows + 1):
        response = work * (1 + waiting)
        rate = flows / (LATENCY + response)
        waiting = rate * response
    return rate * step.step.processes


def _full(name: str) -> Callable[[Measured], bool]:
    return lambda step: (getattr(step, name) or 0) >= FULL_CORE


RULES: tuple[Rule, ...] = (
    Rule("the promise of the rate", _is_at_rate, _rate_evidence),
    Rule("latency", _is_at_ceiling, _ceiling_evidence),
    Rule(
        "CPU of the crawler",
        _full("crawler_cpu"),
        lambda step: f"its one thread has {_n(step.crawler_cpu)} % of a core; Postgres {_n(step.postgres_cpu)} %",
    ),
    Rule("CPU of Postgres", _full("postgres_cpu"), lambda step: f"{_n(step.postgres_cpu)} % of a core"),
    Rule("CPU of the stand-in", _full("replica_cpu"), lambda step: f"{_n(step.replica_cpu)} % of a core"),
    Rule("foreign load", _is_shared, _shares),
    Rule("CPU of the machine", lambda step: (step.machine_cpu or 0) >= FULL_MACHINE, _shares),
    Rule(
        "the store",
        lambda step: (step.query_time or 0) >= SLOW_QUERY,
        lambda step: f"a statement takes {_n(step.query_time)} ms on average",
    ),
    Rule("the crawler's one thread", _waits_for_thread, _thread_evidence),
)


def _n(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"
