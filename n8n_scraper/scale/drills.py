"""Drills: what becomes of a shared crawl when workers die, freeze or are poisoned, the database or the site goes away.

Four workers share a library in shards; every drill begins with an empty store. Its rows are compared with those of a
crawl that nobody disturbed (see audit.py), its requests are those of the replica's access log.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale import audit
from n8n_scraper.scale.drill_blows import BLOWS, OF_TWO_EGRESSES, WORKERS, clients
from n8n_scraper.scale.figures import busiest, is_kept
from n8n_scraper.scale.killed_job import KilledJob
from n8n_scraper.scale.team import team
from n8n_scraper.scale.trial import Trial

SETTINGS = {"N8N_SCRAPER_TIME_FACTOR": 10, "N8N_SCRAPER_STORE_PATIENCE": 60, "N8N_SCRAPER_BREAKER_COOLDOWN": 20}
LEAST_COUNT = 100
"""Workflows: three shards for each worker, so that some wait while the first are crawled."""


@dataclass
class Drill:
    """What one drill saw."""

    name: str
    lost: dict[int, str] = field(default_factory=dict)
    twice: list[int] = field(default_factory=list)
    fetched_again: int = 0
    recovery: float | None = None
    """Seconds from the blow until what it hit went on."""
    slowest: float = math.inf
    """The longest recovery that passes."""
    busiest_second: float = 0.0
    busiest_ten_seconds: float = 0.0
    seconds: float = 0.0
    """From the start of the first worker to the end of the last."""
    load: float = 0.0
    remark: str = ""
    is_as_expected: bool = True
    """What is special to the drill."""
    share: float = 1.0
    """What each egress may of the rate."""

    def is_passed(self, rate: float) -> bool:
        is_polite = is_kept(rate * self.share, self.busiest_second, self.busiest_ten_seconds)
        is_fast = self.recovery is None or self.recovery <= self.slowest
        return not self.lost and not self.twice and is_polite and is_fast and self.is_as_expected

    def line(self, rate: float) -> str:
        recovery = "" if self.recovery is None else f"{self.recovery:.1f} / {self.slowest:.0f} s"
        return (
            f"| {self.name} | {len(self.lost)} | {len(self.twice)} | {self.fetched_again} | {recovery}"
            f" | {self.busiest_second:.0f} / {self.busiest_ten_seconds:.0f} | {self.seconds:.0f} s | {self.load:.1f}"
            f" | {'passed' if self.is_passed(rate) else 'NOT passed'} | {self.remark} |"
        )


def check_count(count: int) -> None:
    """Raises:
    StartError: too few workflows for all drills.
    """
    if count < LEAST_COUNT:
        raise StartError(f"The drills need --count {LEAST_COUNT} or more: with {count} no shard is left to wait.")


def run(replica: RunningReplica, folder: Path, *, rate: float, say: Callable[[str], None]) -> bool:
    """All drills, a line each; whether all passed."""
    expected = undisturbed(replica, folder / "undisturbed")
    say("| drill | lost | twice | fetched again | recovery / bound | most in 1 / 10 s | took | load | verdict | |")
    say("|---|---|---|---|---|---|---|---|---|---|")
    passed = True
    for name in BLOWS:
        found = drill(name, replica, folder / name, expected, rate=rate)
        say(found.line(rate))
        passed = passed and found.is_passed(rate)
    say(f"{WORKERS} workers, {len(expected)} workflows, {rate:g} requests a second allowed")
    return passed


def undisturbed(replica: RunningReplica, folder: Path) -> dict[int, audit.Row]:
    """Rows of a plain crawl.

    Raises:
        StartError: it did not end well.
    """
    folder.mkdir(mode=0o711)
    trial = Trial(folder, replica)
    try:
        result = KilledJob(trial).finish()
        if result.exit_code:
            raise StartError(f"The undisturbed crawl ended with {result.exit_code}: see {trial.log}.")
        return result.rows
    finally:
        trial.close()


def drill(name: str, replica: RunningReplica, folder: Path, expected: dict[int, audit.Row], *, rate: float) -> Drill:
    """One drill, from an empty store to the end of all its workers."""
    of_two = name == "two_egresses"
    egresses = OF_TWO_EGRESSES if of_two else ({},) * WORKERS
    found = Drill(name.replace("_", " "), share=0.25 if of_two else 1.0)  # of each what its crawls surely reach
    before = len(replica.entries())
    with team(folder, replica, {**SETTINGS, "N8N_SCRAPER_REQUESTS_PER_SECOND": rate * found.share}) as members:
        shard = max(8, len(expected) // (5 if of_two else 12))
        members.do("enqueue", "--shard", str(shard))
        began = time.monotonic()
        for settings in egresses:
            members.start(**settings)
        members.wait_for(lambda: members.done_count() >= len(expected) // 4)
        found.slowest = BLOWS[name].bound(shard * WORKERS / rate)
        BLOWS[name].strike(members, found)
        members.wait_for_end()
        found.seconds = time.monotonic() - began
        rows, found.twice = members.found()
    replica.set_faults()
    found.lost = audit.differences(expected, rows)
    entries = replica.entries()[before:]
    found.fetched_again = sum(count - 1 for count in audit.usable_answers(entries).values())
    of_each = [[entry["t"] for entry in entries if entry.get("client") == client] for client in clients(entries)]
    found.busiest_second = max(busiest(times, 1.0) or 0.0 for times in of_each)
    found.busiest_ten_seconds = max(busiest(times, 10.0) or 0.0 for times in of_each)
    found.load = os.getloadavg()[0]
    return found
