"""What the verdicts on a scale run lead to: the next size, something to mend first, or a stop. Pure.

:data:`RULES` are read from the top: the first that has a reason decides, and the reasons of all are told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from n8n_scraper.scale.criteria import ACCEPTABLE, RED

NEXT_SIZE, FIX_FIRST, STOP = "next size", "fix first", "stop"
SIZES = (50, 500, 1000, 5000, 10_000)
POLITENESS = frozenset({"unplanned_429", "busiest_second", "busiest_ten_seconds"})
KEEPING = frozenset({"resumed", "stored_twice"})
TIMED = frozenset({"service_seconds", "workflows_per_hour", "store_query_p95", "stage_gap"})
"""Criteria whose figures depend on what else the machine had to do."""


class Zone(NamedTuple):
    zone: str
    figure: float | None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a decision is made from. ``worse`` are figures worse than the baseline by more than its noise."""

    zones: Mapping[str, Zone] = field(default_factory=dict)
    size: int = 0
    has_ended: bool = True
    exit_code: int | None = 0
    """Of the last crawl; None where it is not known."""
    is_disturbed: bool = False
    """Others used the machine meanwhile."""
    is_compressed: bool = False
    worse: tuple[str, ...] = ()
    is_again: bool = False
    """It asked again for what failed or was slow in another run."""
    contradictions: tuple[str, ...] = ()
    """Of its files, in words."""

    def red(self, names: frozenset[str] | None = None) -> list[str]:
        """Red criteria that have a figure, of these or of all."""
        return [
            name
            for name, (zone, figure) in self.zones.items()
            if zone == RED and figure is not None and (names is None or name in names)
        ]


class Rule(NamedTuple):
    decision: str
    name: str
    meaning: str
    reasons: Callable[[Evidence], list[str]]


class Decision(NamedTuple):
    decision: str
    step: str
    """What to do now, in a sentence."""
    reasons: tuple[tuple[str, str], ...]
    """Rule and reason."""


def _impolite(found: Evidence) -> list[str]:
    return [f"{name} is red: the site was asked for more than was promised" for name in found.red(POLITENESS)]


def _loses(found: Evidence) -> list[str]:
    return [f"{name} is red: rows are lost or doubled" for name in found.red(KEEPING)]


def _unfinished(found: Evidence) -> list[str]:
    if not found.zones:
        return ["there are no verdicts: nothing was judged"]
    if not found.has_ended:
        return ["the run has no end: it was cut off"]
    return [f"the last crawl ended with exit code {found.exit_code}"] if found.exit_code else []


def _contradictory(found: Evidence) -> list[str]:
    return list(found.contradictions)


def _unmeasured(found: Evidence) -> list[str]:
    return [f"{name} has no figure" for name, (zone, figure) in found.zones.items() if zone == RED and figure is None]


def _disturbed(found: Evidence) -> list[str]:
    names = found.red(TIMED) if found.is_disturbed else []
    return [f"{name} is red, and others used the machine: repeat the run when it is quiet" for name in names]


def _red(found: Evidence) -> list[str]:
    apart = POLITENESS | KEEPING | (TIMED if found.is_disturbed else frozenset())
    return [f"{name} is red" for name in found.red() if name not in apart]


def _worse(found: Evidence) -> list[str]:
    return [f"{name} is worse than the baseline by more than its noise" for name in found.worse]


RULES: tuple[Rule, ...] = (
    Rule(STOP, "impolite", "a politeness criterion is red", _impolite),
    Rule(STOP, "loses", "a criterion of what must never be lost or doubled is red", _loses),
    Rule(FIX_FIRST, "unfinished", "no verdicts, no end, or an exit code that is not 0", _unfinished),
    Rule(FIX_FIRST, "contradicts", "files of the run contradict each other", _contradictory),
    Rule(FIX_FIRST, "unmeasured", "a criterion has no figure", _unmeasured),
    Rule(FIX_FIRST, "red", "any other criterion is red", _red),
    Rule(FIX_FIRST, "worse", "a figure is worse than the baseline by more than its noise", _worse),
    Rule(FIX_FIRST, "disturbed", "a criterion of time is red, and others used the machine", _disturbed),
)


def decide(found: Evidence) -> Decision:
    """Nothing against it leads to the next size."""
    against = [(rule, reason) for rule in RULES for reason in rule.reasons(found)]
    if against:
        decision = against[0][0].decision
        return Decision(decision, _STEPS[decision], tuple((rule.name, reason) for rule, reason in against))
    near = [name for name, (zone, _) in found.zones.items() if zone == ACCEPTABLE]
    reasons = [("passed", "no criterion is red")]
    reasons += [("near", f"{name} is acceptable only: look at it first at the next size") for name in near]
    return Decision(NEXT_SIZE, _next_step(found), tuple(reasons))


_STEPS = {
    STOP: "Stop: crawl nothing, neither a replica at a larger size nor the real site, before this is mended.",
    FIX_FIRST: "Fix first what is named here, then repeat this size.",
}


def _next_step(found: Evidence) -> str:
    if found.is_again:
        return "What was wrong with these is gone: repeat the whole run they came from."
    if found.is_compressed:
        return f"Next: the same {found.size:,} workflows at the true rate, for this run was faster."
    larger = next((size for size in SIZES if size > found.size), None)
    if larger is None:
        return f"Nothing larger is declared than {SIZES[-1]:,}: this size is proven."
    return f"Next: {larger:,} workflows at the true rate."
