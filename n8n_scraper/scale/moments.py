"""When to send a signal: after a while, or at a moment that is seen in the store or among the files."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing, suppress
from subprocess import Popen
from typing import NamedTuple

import psycopg2

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.trial import Trial

_HAS_ROWS = "(select count(*) >= {rows} from job_ids where is_done)"
_RETRY_WAITS = "exists (select from job_ids where not is_done and not_before > now())"
_WRITES_ROWS = (
    "exists (select from pg_stat_activity where state = 'active' and pid <> pg_backend_pid()"
    " and query ~* '^(insert into (observed|content|derived|raw_answers)|update job_ids set is_done|commit)')"
)


class Moment(NamedTuple):
    """``is_now`` is asked again and again until it says yes."""

    name: str
    is_now: Callable[[Trial, float], bool]
    """Given the trial and the seconds since the crawl was started."""
    poll_seconds: float = 0.005
    """Short, so that a transaction is met; who measures the machine meanwhile takes longer ones."""

    def wait(self, trial: Trial, crawl: Popen[bytes], began: float) -> bool:
        """Until the moment has come; False when the crawl ended before."""
        while crawl.poll() is None:
            if self.is_now(trial, time.monotonic() - began):
                return True
            time.sleep(self.poll_seconds)
        return False


def choose(rng: random.Random, rows: int, of: int) -> Moment:
    """One of the moments that are known to be delicate, or just any, when ``rows`` of the job's are committed."""
    target = rng.randint(rows, of)
    return rng.choice(
        [
            at_rows(target),
            at_rows(target),
            at_start(rng.uniform(0.2, 4.0)),
            while_a_retry_waits(target),
            in_a_transaction(target),
            in_the_export(),
        ]
    )


def at_start(seconds: float) -> Moment:
    return Moment("at its start", lambda _trial, passed: passed >= seconds)


def at_rows(rows: int) -> Moment:
    """When so many rows of the job are committed."""
    return Moment(f"at {rows} rows", _asks(_HAS_ROWS, rows))


def while_a_retry_waits(rows: int = 0) -> Moment:
    return Moment("while a retry waits", _asks(f"{_HAS_ROWS} and {_RETRY_WAITS}", rows))


def in_a_transaction(rows: int = 0) -> Moment:
    """While rows are written or committed."""
    return Moment("in a transaction of rows", _asks(f"{_HAS_ROWS} and {_WRITES_ROWS}", rows))


def in_the_export() -> Moment:
    return Moment("in the export", _exports)


def _asks(condition: str, rows: int) -> Callable[[Trial, float], bool]:
    statement = "select " + condition.format(rows=rows)

    def is_now(trial: Trial, _passed: float) -> bool:
        try:
            with closing(psycopg2.connect(trial.postgres.dsn())) as connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return bool(cursor.fetchone() == (True,))
        except (psycopg2.Error, StartError):  # it is not there yet, or not any more
            return False

    return is_now


def _exports(trial: Trial, passed: float) -> bool:
    """Files of this crawl; those of a killed one may still be there."""
    began = time.time() - passed
    for path in trial.exports.glob("workflows.*.tmp"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime > began:
                return True
    return False
