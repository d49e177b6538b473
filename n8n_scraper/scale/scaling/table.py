"""A ladder's outcome as Markdown and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from n8n_scraper.scale.scaling.advice import capacity, thresholds, when_to_scale
from n8n_scraper.scale.scaling.ladders import Ladder
from n8n_scraper.scale.scaling.measured import Measured
from n8n_scraper.scale.scaling.rules import StepVerdict, grace

_HEAD = (
    *(
        "step",
        "workflows/s",
        "efficiency",
        "wf/min/MB",
        "p50/p95/p99 ms",
        "CPU crawler/Postgres/stand-in %",
        "CPU ms/wf",
    ),
    *("MB", "threads", "load", "others %", "verdict"),
)


def lines(ladder: Ladder, verdicts: Sequence[StepVerdict]) -> Iterator[str]:
    yield f"**{ladder.name}**: {ladder.does}"
    yield ""
    yield f"| {' | '.join(_HEAD)} |"
    yield "|---" * len(_HEAD) + "|"
    for verdict in verdicts:
        yield f"| {' | '.join(_cells(ladder, verdict))} |"
    yield ""
    for verdict in verdicts:
        yield f"- {verdict.measured.step.label}: {verdict.bottleneck.name} ({verdict.bottleneck.evidence})"
    yield from _conclusions(ladder, verdicts)


def _cells(ladder: Ladder, verdict: StepVerdict) -> Iterator[str]:
    step = verdict.measured
    yield step.step.label
    yield _n(step.throughput)
    yield "–" if verdict.efficiency is None or not ladder.is_linear else f"{verdict.efficiency:.0%}"
    yield _n(step.items_per_mb)
    yield "/".join(_ms(seconds) for seconds in (step.p50, step.p95, step.p99))
    yield "/".join(_n(cpu) for cpu in (step.crawler_cpu, step.postgres_cpu, step.replica_cpu))
    yield _n(step.cpu_ms)
    yield from (_n(step.memory), _n(step.threads), _n(step.load_average), _n(step.foreign_cpu))
    yield _words(verdict)


def _words(verdict: StepVerdict) -> str:
    missed = [f"{check.name} {_n(check.figure)}, not {check.bound}" for check in verdict.checks if not check.is_passed]
    cliff = ["a cliff"] if verdict.is_cliff else []
    return "; ".join([*(missed + cliff or ["pass"]), *(f"⚑ {flag}" for flag in verdict.flags)])


def _conclusions(ladder: Ladder, verdicts: Sequence[StepVerdict]) -> Iterator[str]:
    failed = next((one.measured.step.label for one in verdicts if not one.is_passed), None)
    found, graceful = capacity(ladder, verdicts), grace(verdicts)
    yield from _doubts(verdicts)
    yield f"- bends at: {failed or 'none of these'}"
    yield f"- degrades gracefully: {'yes' if graceful.is_graceful else 'NO'} ({'; '.join(graceful.reasons)})"
    yield f"- capacity: {found.sentence(ladder) if found else 'none: not even the baseline passed'}"
    yield from _limit(ladder, verdicts)
    if found:
        watched = (f"{one.quantity} {one.bound}" for one in thresholds(verdicts[0].measured, found.step))
        yield f"- watch: {'; '.join(watched)}"
    yield from (f"- scale {sentence}" for sentence in when_to_scale(verdicts))
    yield ""


def _limit(ladder: Ladder, verdicts: Sequence[StepVerdict]) -> Iterator[str]:
    """At the fastest step, where the steps are alike, as at a slow pace most of the CPU is for being there; else at the
    costliest.
    """
    steps = [one.measured for one in verdicts if one.measured.cpu_ms]
    if not steps or ladder.is_paced:
        return
    told = max(steps, key=lambda step: (step.throughput if ladder.is_linear else step.cpu_ms) or 0.0)
    limit, each = f"{_n(1000 / (told.cpu_ms or 1))} workflows/s", f"{_n(told.cpu_ms)} ms of a core"
    yield f"- limit of one process by its CPU: {limit} (a workflow takes {each} at {told.step.label})"


def _doubts(verdicts: Sequence[StepVerdict]) -> Iterator[str]:
    shares = [one.measured.foreign_share for one in verdicts if one.measured.foreign_share]
    if shares:
        others = max(one.measured.foreign_cpu or 0.0 for one in verdicts)
        yield (
            f"- NOT COMPARABLE: others used the machine in {len(shares)} of {len(verdicts)} steps, up to "
            f"{others:.0f} % of a core on average: throughput, efficiency and service times are not the crawler's own"
        )
    unknown = sum(one.measured.foreign_share is None for one in verdicts)
    if unknown:
        yield f"- in {unknown} of {len(verdicts)} steps nobody could tell whether others used the machine"


def as_json(ladder: Ladder, verdicts: Sequence[StepVerdict]) -> dict[str, Any]:
    found, graceful = capacity(ladder, verdicts), grace(verdicts)
    return {
        "name": ladder.name,
        "does": ladder.does,
        "passed": all(one.is_passed for one in verdicts),
        "steps": [_step(one) for one in verdicts],
        "is_graceful": graceful.is_graceful,
        "grace": graceful.reasons,
        "capacity": None
        if found is None
        else {"per_second": found.per_second, "step": found.step.step.label, "sentence": found.sentence(ladder)},
        "thresholds": [one._asdict() for one in thresholds(verdicts[0].measured, found.step)] if found else [],
        "when_to_scale": when_to_scale(verdicts),
    }


def _step(verdict: StepVerdict) -> dict[str, Any]:
    measured: Measured = verdict.measured
    return {
        **asdict(measured),
        "items_per_mb": measured.items_per_mb,
        "cpu_ms": measured.cpu_ms,
        "efficiency": verdict.efficiency,
        "checks": [check._asdict() for check in verdict.checks],
        "flags": verdict.flags,
        "is_cliff": verdict.is_cliff,
        "bottleneck": verdict.bottleneck._asdict(),
        "passed": verdict.is_passed,
    }


def _n(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _ms(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds * 1000:.0f}"
