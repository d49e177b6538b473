"""One job that is started again and again: what is sent to its crawls, and what its store and the replica's log say."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from n8n_scraper.scale import audit
from n8n_scraper.scale.moments import Moment
from n8n_scraper.scale.store_probe import APPLICATION
from n8n_scraper.scale.trial import Trial

SIGNALS: dict[str, tuple[signal.Signals, ...]] = {
    "SIGINT": (signal.SIGINT,),
    "SIGINT twice": (signal.SIGINT, signal.SIGINT),
    "SIGTERM": (signal.SIGTERM,),
    "SIGKILL": (signal.SIGKILL,),
}
BETWEEN_SIGNALS = 0.3
SECONDS_TO_END = 60.0
LONGEST_CRAWL = 300.0
"""A crawl that lives longer, after its signal or at all, is at fault and is killed."""
_OTHERS = (
    "select count(*) as count from pg_stat_activity where backend_type = 'client backend'"
    " and pid <> pg_backend_pid() and application_name <> %s"
)


class Kill(NamedTuple):
    """One round: what was sent when, and how the crawl ended."""

    sent: str
    moment: str
    after: float
    exit_code: int
    seconds_to_end: float
    rows: int
    """Of the job, committed so far."""
    not_stored: int
    """Usable answers that were not committed: they are fetched again."""


class Result(NamedTuple):
    """Of a whole job; see audit.py for the words."""

    rows: dict[int, audit.Row]
    twice: list[int]
    answers: Counter[int]
    exit_code: int
    seconds: float
    """Of its last crawl."""
    has_server_left: bool


@dataclass
class KilledJob:
    """Begins with an empty store and the access log as it is."""

    trial: Trial
    words: tuple[str, ...] = ()
    commit_seconds: float = 0.0
    """What the commit of a row takes longer, see audit.py."""
    _first_entry: int = field(init=False)
    _first_of_crawl: int = field(init=False)

    def __post_init__(self) -> None:
        self._first_entry = self._first_of_crawl = len(self.trial.replica.entries())
        with self.trial.store() as dsn:
            audit.note_commits(dsn, self.commit_seconds)

    def disturb(self, sent: str, moment: Moment) -> Kill | Result:
        """Start a crawl and end it with a signal; a result when it ended before the moment came."""
        self._first_of_crawl = len(self.trial.replica.entries())
        began = time.monotonic()
        crawl = self.trial.start(*self.words)
        if not moment.wait(self.trial, crawl, began):
            return self._result(crawl, began)
        after = time.monotonic() - began
        _send(crawl, SIGNALS[sent])
        exit_code, seconds = _end_of(crawl, SECONDS_TO_END)
        rows, not_stored = self._stored()
        return Kill(sent, moment.name, after, exit_code, seconds, rows, not_stored)

    def finish(self, longest: float = LONGEST_CRAWL) -> Result:
        """Start a crawl and let it run to its end."""
        began = time.monotonic()
        return self._result(self.trial.start(*self.words), began, longest)

    def _result(self, crawl: subprocess.Popen[bytes], began: float, longest: float = LONGEST_CRAWL) -> Result:
        exit_code, _ = _end_of(crawl, longest)
        seconds = time.monotonic() - began
        has_server_left = self.trial.postgres.is_running()
        with self.trial.store() as dsn:
            rows, twice = audit.stored_rows(dsn), audit.stored_twice(dsn)
        answers = audit.usable_answers(self._entries(self._first_entry))
        return Result(rows, twice, answers, exit_code, seconds, has_server_left)

    def _stored(self) -> tuple[int, int]:
        """Rows committed, and usable answers to this crawl without one."""
        while self.trial.postgres.is_running() and self.trial.rows(_OTHERS, APPLICATION)[0]["count"]:
            time.sleep(0.02)  # what a killed crawl had sent may still be committed
        done = {row["id"] for row in self.trial.rows("select id from job_ids where is_done")}
        answers = audit.usable_answers(self._entries(self._first_of_crawl))
        return len(done), sum(count for id, count in answers.items() if id not in done)

    def _entries(self, first: int) -> list[dict[str, Any]]:
        return self.trial.replica.entries()[first:]


def _send(crawl: subprocess.Popen[bytes], signals: tuple[signal.Signals, ...]) -> None:
    for number, sent in enumerate(signals):
        if number:
            time.sleep(BETWEEN_SIGNALS)
        crawl.send_signal(sent)


def _end_of(crawl: subprocess.Popen[bytes], longest: float) -> tuple[int, float]:
    """Exit code, and seconds until then; who takes longer is killed."""
    began = time.monotonic()
    try:
        code = crawl.wait(longest)
    except subprocess.TimeoutExpired:
        crawl.kill()
        code = crawl.wait()
    return code, time.monotonic() - began
