"""Which workflows go wrong, how, and what a crawl must make of them: the same rows however often it is killed. Pure.

Every fault belongs to one id and either passes after a number of requests that is below the number of attempts, or
lasts. So the row that comes out depends on nothing but the plan.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from n8n_scraper.failures import KINDS
from n8n_scraper.politeness.backoff import RETRY_WAITS

Rule = dict[str, Any]
DOWNLOAD_TIMEOUT = 6.0
"""Seconds a crawl of such a plan waits for an answer: the largest one comes in time even on a busy machine, and what is
to count as a timeout takes longer."""
SLOW_SECONDS = 0.5
FULL_BODY_BYTES = 9_000_000
"""More than MAX_BODY_BYTES lets in, and quickly made."""


class Planned(NamedTuple):
    """What goes wrong with one workflow: the replica's fault, and the failure kind that it is."""

    fault: str
    kind: str | None
    """None: nothing fails, it only takes its time."""
    times: int | None
    """After so many faults the answer is as it should be; None: never."""

    @property
    def error_kind(self) -> str | None:
        """Of the row at the end."""
        return None if self.times is not None else self.kind

    @property
    def rule(self) -> Rule:
        options: Rule = {"route": "detail", "kind": self.fault, **_OPTIONS.get(self.fault, {})}
        return options if self.times is None else {**options, "times": self.times}


_FAULTS: dict[str | None, tuple[str, ...]] = {
    "gone": ("404", "410", "204", "unpublished"),
    "blocked": ("401", "403", "451", "html"),
    "rate_limited": ("429",),
    "server": ("500", "502", "503", "504", "520"),
    "network": ("reset", "reset_kept_alive"),
    "timeout": ("no_answer",),
    "malformed": ("malformed", "truncated", "truncated_chunked", "empty", "bad_gzip", "wrong_id"),
    "too_large": ("huge", "gzip_bomb"),
    "unexpected": ("418", "redirect"),
    None: ("slow", "drip"),
}
_OPTIONS: dict[str, Rule] = {
    "429": {"retry_after": "1"},
    "no_answer": {"seconds": DOWNLOAD_TIMEOUT * 4},
    "slow": {"seconds": SLOW_SECONDS},
    "drip": {"seconds": SLOW_SECONDS},
    "huge": {"bytes": FULL_BODY_BYTES},
    "gzip_bomb": {"bytes": FULL_BODY_BYTES},
}
_CANNOT_LAST = frozenset({"reset_kept_alive"})
"""It needs a connection that has carried an answer before, which a retry may not get."""


def every_fault() -> list[Planned]:
    """Each fault of the replica once: those that are retried pass, and another time last."""
    planned = []
    for kind, faults in _FAULTS.items():
        for number, fault in enumerate(faults):
            if kind is None or KINDS[kind].retried:
                planned.append(Planned(fault, kind, 1 + number % len(RETRY_WAITS)))
            if kind is not None and fault not in _CANNOT_LAST:
                planned.append(Planned(fault, kind, None))
    return planned


def make_plan(
    ids: Sequence[int], share: float, seed: int, faults: Sequence[Planned] | None = None
) -> dict[int, Planned]:
    """Faults for ``share`` of the ids, every one about as often as any other; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - a plan, not a secret
    chosen = rng.sample(list(ids), round(len(ids) * share))
    faults = faults or every_fault()
    return {id: faults[number % len(faults)] for number, id in enumerate(chosen)}


def fault_rules(plan: Mapping[int, Planned]) -> list[Rule]:
    """The plan as rules for a replica."""
    ids: dict[Planned, list[int]] = {}
    for id, planned in plan.items():
        ids.setdefault(planned, []).append(id)
    return [{**planned.rule, "id": sorted(of)} for planned, of in ids.items()]


def read_plan(rules: Iterable[Rule]) -> dict[int, Planned]:
    """The plan that :func:`fault_rules` made rules of.

    Raises:
        LookupError: a rule has no ids, or a fault that is not planned here.
    """
    kinds = {fault: kind for kind, faults in _FAULTS.items() for fault in faults}
    return {id: Planned(rule["kind"], kinds[rule["kind"]], rule.get("times")) for rule in rules for id in rule["id"]}
