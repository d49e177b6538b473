"""What is tried step by step, declared as data. Pure.

A flow is one request under way (CONCURRENT_REQUESTS) against a stand-in that takes LATENCY for an answer, so that each
flow alone can bring 1 / LATENCY workflows a second. A rate of 0 is no limit: then a ladder shows the machine's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from n8n_scraper.config import Config

LATENCY = 0.1
TRUE_RATE = Config().requests_per_second
STEP_SECONDS = 5
"""That a step takes about, its start and end left out, as long as it scales."""
BURST_SECONDS = 3
FASTEST = 100
"""Workflows a second that more is not planned for: steps beyond the machine's limit only take longer."""
SUSTAINED_RATE = 20.0
SUSTAINED_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Step:
    """``load`` is what the step has of what its ladder counts: flows, or processes of ``flows`` each."""

    label: str
    load: int
    workflows: int
    """Over all processes."""
    flows: int = 8
    processes: int = 1
    rate: float = 0.0
    templates: str = "usual"
    """Or the most extreme of the library: ``large``, ``illustrated``."""
    layers: str = "1,2,3"

    @property
    def ceiling(self) -> float:
        """Workflows a second that its flows allow."""
        return self.flows * self.processes / LATENCY


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The first step is the baseline of the others."""

    name: str
    does: str
    steps: tuple[Step, ...]
    is_linear: bool = True
    """Twice the load shall bring twice the throughput."""
    is_paced: bool = False
    """The rate decides: a step passes when it is kept, neither exceeded nor missed."""
    is_long: bool = False
    """So long that memory must not have grown."""
    shares_store: bool = False
    """All steps fill one store, one after the other."""


def _workflows(per_second: float, seconds: float = STEP_SECONDS) -> int:
    return round(seconds * min(per_second, FASTEST))


def _flows(count: int, label: str = "") -> Step:
    named = "1 flow" if count == 1 else f"{count} flows"
    return Step(label=label or named, load=count, flows=count, workflows=_workflows(count / LATENCY))


def _processes(count: int, flows: int = 4) -> Step:
    workflows = _workflows(count * flows / LATENCY)
    return Step(label=f"{count} × {flows} flows", load=count, flows=flows, processes=count, workflows=workflows)


def _promised(processes: int, flows: int) -> Step:
    return Step(
        label=f"{processes} × {flows} flows at {TRUE_RATE:g}/s",
        load=processes * flows,
        flows=flows,
        processes=processes,
        rate=TRUE_RATE,
        workflows=_workflows(TRUE_RATE, 10),
    )


def sustained(seconds: float, label: str) -> Step:
    workflows = round(SUSTAINED_RATE * seconds)
    return Step(label=label, load=8, rate=SUSTAINED_RATE, workflows=workflows)


_BURST = (2, 8, 15, 20, 15, 8, 2)

LADDERS: dict[str, Ladder] = {
    ladder.name: ladder
    for ladder in (
        Ladder(
            name="promise",
            does=f"more flows and processes at the true {TRUE_RATE:g} requests a second",
            steps=(_promised(1, 1), _promised(1, 16), _promised(2, 8)),
            is_linear=False,
            is_paced=True,
        ),
        Ladder(
            name="flows",
            does="more flows in one process, no limit of the rate",
            steps=tuple(map(_flows, (1, 2, 4, 8, 10, 16, 20))),
        ),
        Ladder(
            name="processes",
            does="more processes on one store, no limit of the rate",
            steps=tuple(map(_processes, (1, 2, 4))),
        ),
        Ladder(
            name="heavy",
            does="large templates, and images too, at the same load",
            steps=(
                replace(_flows(4, "usual templates"), workflows=200),
                replace(_flows(4, "large templates"), workflows=200, templates="large"),
                replace(_flows(4, "with images"), workflows=200, templates="illustrated", layers="1,2,3,media"),
            ),
            is_linear=False,
        ),
        Ladder(
            name="burst",
            does="flows that rise and fall again on one store",
            steps=tuple(
                replace(_flows(flows, f"{number}. {flows} flows"), workflows=_workflows(flows / LATENCY, BURST_SECONDS))
                for number, flows in enumerate(_BURST, 1)
            ),
            shares_store=True,
        ),
        Ladder(
            name="sustained",
            does=f"{SUSTAINED_RATE:g} requests a second for {SUSTAINED_SECONDS} s",
            steps=(sustained(SUSTAINED_SECONDS, f"{SUSTAINED_SECONDS} s"),),
            is_linear=False,
            is_paced=True,
        ),
    )
}
SOAK = "soak"


def soak(minutes: float) -> Ladder:
    """The same for long."""
    step = sustained(minutes * 60, f"{minutes:g} min")
    does = f"{SUSTAINED_RATE:g} requests a second for {minutes:g} minutes"
    return Ladder(name=SOAK, does=does, steps=(step,), is_linear=False, is_paced=True, is_long=True)


def shortened(ladder: Ladder, most: int | None) -> Ladder:
    """No step with more workflows than that."""
    if most is None:
        return ladder
    return replace(ladder, steps=tuple(replace(step, workflows=min(step.workflows, most)) for step in ladder.steps))
