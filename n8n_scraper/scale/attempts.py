"""How often each workflow had to be asked for, by the plan of its faults, and how often it was. Pure.

Exact but for what a plan cannot know: an attempt that was under way at a kill is made again, attempts that failed while
the circuit breaker was open are given back, and a control asks for a workflow that is done. Each of these is counted
from what the replica and the crawls said, so that no more than that is allowed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from n8n_scraper.failures import KINDS
from n8n_scraper.politeness.backoff import RETRY_WAITS
from n8n_scraper.scale.dataset import Dataset, Member
from n8n_scraper.scale.fault_plan import Planned

MOST_ATTEMPTS = 1 + len(RETRY_WAITS)
UNSURE_FAULTS = frozenset({"reset_kept_alive"})
"""They need a connection that has carried an answer before: they come as often as they came."""
_OPENS = re.compile(r"Circuit breaker open: \d+ failures in a row")
_FAILED_PROBE = re.compile(r"Circuit breaker open: the probe failed")
_CONTROL = re.compile(r"Asking once more for what answered well before")
_OUTAGE = re.compile(r"Circuit breaker open: \d+ failures in a row, of \d+ ids, last: server")
"""What an outage is taken for; not the words for workflows that are blocked, nor for a probe that failed."""
_CLOSES = "Circuit breaker closed"


class Breaker(NamedTuple):
    """What crawls said of it, because one that is killed leaves no stats."""

    openings: int
    failed_probes: int
    controls: int
    of_outage: int
    """Openings before the site answered again for the first time: an outage is planned for the beginning."""

    @property
    def most_given_back(self) -> int:
        """Attempts of one workflow."""
        return self.openings * MOST_ATTEMPTS + self.failed_probes


def read_breaker(log: str) -> Breaker:
    openings, failed_probes, controls = (len(one.findall(log)) for one in (_OPENS, _FAILED_PROBE, _CONTROL))
    return Breaker(openings, failed_probes, controls, len(_OUTAGE.findall(log.partition(_CLOSES)[0])))


class _Asked(NamedTuple):
    requests: int
    planned_faults: int
    crawls: int
    """In which it was asked for."""


def unlike_plan(
    dataset: Dataset, rows: Mapping[int, Mapping[str, Any]], entries: Sequence[Mapping[str, Any]], breaker: Breaker
) -> dict[int, str]:
    """Workflows that were asked for more or less often than planned, each with how often; ``rows`` are of the store."""
    asked = _asked(dataset, entries)
    found = {}
    for member in dataset.members:
        if member.id in rows and (why := _differs(member, dataset, rows[member.id], asked[member.id], breaker)):
            found[member.id] = why
    return found


def planned_attempts(member: Member, planned: Planned | None, faults: int = 0) -> int:
    """``faults`` that were sent count where no plan can tell their number."""
    if planned and planned.kind and planned.times is not None:
        return (faults if planned.fault in UNSURE_FAULTS else planned.times) + 1
    return MOST_ATTEMPTS if member.error_kind and KINDS[member.error_kind].retried else 1


def _differs(member: Member, dataset: Dataset, row: Mapping[str, Any], asked: _Asked, breaker: Breaker) -> str | None:
    planned = planned_attempts(member, dataset.plan.get(member.id), asked.planned_faults)
    attempts, requests = row["attempt_count"], row["request_count"]
    repeated, given_back = asked.crawls - 1, requests - attempts
    is_planned = planned - repeated - given_back <= attempts <= planned
    is_told = requests <= asked.requests <= requests + repeated + breaker.controls
    if is_planned and is_told and 0 <= given_back <= breaker.most_given_back:
        return None
    return f"{asked.requests} requests, {attempts} attempts that count, {planned} planned"


def _asked(dataset: Dataset, entries: Sequence[Mapping[str, Any]]) -> defaultdict[int, _Asked]:
    begun = sorted(entry["t"] for entry in entries if entry["host"] == "api" and entry["path"] == "/robots.txt")
    requests, faults = Counter[int](), Counter[int]()
    crawls: defaultdict[int, set[int]] = defaultdict(set)
    for id, entry in _of_workflows(entries):
        requests[id] += 1
        crawls[id].add(bisect_right(begun, entry["t"]))
        planned = dataset.plan.get(id)
        faults[id] += planned is not None and entry.get("fault") == planned.fault
    found = {id: _Asked(count, faults[id], len(crawls[id])) for id, count in requests.items()}
    return defaultdict(lambda: _Asked(0, 0, 1), found)


def _of_workflows(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return ((entry["id"], entry) for entry in entries if entry["id"] is not None and entry["host"] in {"site", "api"})
