"""Kills crawls at many moments and looks what is lost.

A round is one signal to a running crawl. The same command is started again, until it ends by itself: that is a job,
whose rows are compared with those of a crawl that nobody disturbed (see audit.py). The next job begins with an empty
store.
"""

from __future__ import annotations

import itertools
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale import audit
from n8n_scraper.scale.fault_plan import DOWNLOAD_TIMEOUT, every_fault, fault_rules, make_plan
from n8n_scraper.scale.killed_job import SIGNALS, Kill, KilledJob, Result
from n8n_scraper.scale.moments import choose
from n8n_scraper.scale.trial import Trial

SETTINGS = {"DOWNLOAD_TIMEOUT": DOWNLOAD_TIMEOUT, "N8N_SCRAPER_BREAKER_COOLDOWN": 0.2}

COMMIT_SECONDS = 0.003


@dataclass
class Tally:
    """What all rounds found; ``lost`` is of ids, with what is wrong with each, one dict a job."""

    kills: list[Kill] = field(default_factory=list)
    jobs: int = 0
    lost: list[dict[int, str]] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    fetched_again: int = 0
    exit_codes: Counter[int] = field(default_factory=Counter)
    """Of the crawls that ended by themselves."""
    servers_left: int = 0

    @property
    def lost_count(self) -> int:
        return sum(map(len, self.lost))

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing twice, no more than allowed fetched again, every job ended well and left no server."""
        too_many = any(kill.not_stored > audit.MOST_FETCHED_AGAIN for kill in self.kills)
        return not (self.lost_count or self.twice or too_many or self.servers_left or self.exit_codes.keys() - {0})


class KillLoop:
    """``folder`` is for its own use; ``say`` gets a line a round."""

    def __init__(
        self, replica: RunningReplica, folder: Path, *, faulty: float, seed: int, say: Callable[[str], None]
    ) -> None:
        self._replica = replica
        self._folder = folder
        self._rng = random.Random(seed)  # noqa: S311 - moments, not secrets
        self._say = say
        self._signals = itertools.cycle(SIGNALS)
        listed = [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]
        # Four timeouts of one workflow take as long as all the others together, and show nothing that one does not.
        faults = [planned for planned in every_fault() if planned.error_kind != "timeout"]
        self._rules = fault_rules(make_plan(listed, faulty, seed, faults))
        self.tally = Tally()

    def run(self, rounds: int) -> Tally:
        """Raises:
        StartError: the undisturbed crawl does not end well, so there is nothing to compare with.
        """
        with self._new_job("undisturbed") as job:
            undisturbed = job.finish()
            if undisturbed.exit_code:
                raise StartError(f"The undisturbed crawl ended with {undisturbed.exit_code}: see {job.trial.log}.")
        self._say(f"undisturbed: {len(undisturbed.rows)} rows in {undisturbed.seconds:.1f} s")
        while len(self.tally.kills) < rounds:
            with self._new_job(f"job{self.tally.jobs + 1}") as job:
                self._judge(self._disturb(job, rounds, undisturbed), undisturbed)
        return self.tally

    @contextmanager
    def _new_job(self, name: str) -> Iterator[KilledJob]:
        folder = self._folder / name
        folder.mkdir(mode=0o711)
        self._replica.set_faults(*self._rules)
        trial = Trial(folder, self._replica, SETTINGS)
        try:
            yield KilledJob(trial, commit_seconds=COMMIT_SECONDS)
        finally:
            trial.close()
        shutil.rmtree(folder)

    def _disturb(self, job: KilledJob, rounds: int, undisturbed: Result) -> Result:
        total, rows = len(undisturbed.rows), 0
        sent = next(self._signals)
        while len(self.tally.kills) < rounds:
            outcome = job.disturb(sent, choose(self._rng, rows, total))
            if isinstance(outcome, Result):
                return outcome
            self.tally.kills.append(outcome)
            self._say(f"{len(self.tally.kills):3} of {rounds}: {_line(outcome, total)}")
            rows = outcome.rows
            sent = next(self._signals)
        return job.finish()

    def _judge(self, result: Result, undisturbed: Result) -> None:
        tally = self.tally
        tally.jobs += 1
        lost = audit.differences(undisturbed.rows, result.rows)
        again = sum((result.answers - undisturbed.answers).values())
        tally.lost.append(lost)
        tally.twice += result.twice
        tally.fetched_again += again
        tally.exit_codes[result.exit_code] += 1
        tally.servers_left += result.has_server_left
        details = f": {dict(itertools.islice(lost.items(), 5))}" if lost else ""
        self._say(
            f"job {tally.jobs} ended with {result.exit_code} after {result.seconds:.1f} s: {len(result.rows)} rows,"
            f" lost {len(lost)}{details}, twice {len(result.twice)}, fetched again {again}"
        )


def _line(kill: Kill, total: int) -> str:
    end = f"exit {kill.exit_code} {kill.seconds_to_end:.1f} s later"
    return (
        f"{kill.sent} {kill.moment}, after {kill.after:.1f} s: {end}, {kill.rows} of {total} rows,"
        f" {kill.not_stored} answers not stored"
    )


def table(tally: Tally) -> Iterator[str]:
    """The figures of all rounds, as Markdown."""
    again = f"fetched again a kill: mean, max (bound {audit.MOST_FETCHED_AGAIN})"
    yield f"| sent | kills | exit codes | seconds to the end | {again} |"
    yield "|---|---|---|---|---|"
    for sent in (*SIGNALS, "all"):
        kills = [kill for kill in tally.kills if sent in {kill.sent, "all"}]
        if kills:
            yield f"| {sent} | {_figures(kills)} |"


def _figures(kills: list[Kill]) -> str:
    codes = Counter(kill.exit_code for kill in kills)
    again = [kill.not_stored for kill in kills]
    cells: list[Any] = [
        len(kills),
        ", ".join(f"{code} ×{count}" for code, count in sorted(codes.items())),
        f"{max(kill.seconds_to_end for kill in kills):.1f} at most",
        f"{sum(again) / len(again):.1f}, {max(again)}",
    ]
    return " | ".join(map(str, cells))
