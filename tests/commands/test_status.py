"""``scrapy status`` on a store that was filled by hand; on real runs it is tested in tests/crawl/test_progress.py."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import Any

import psycopg2
import pytest
from scrapy.exceptions import UsageError

from n8n_scraper.commands.status import Command
from n8n_scraper.progress import Breaker, Checkpoint, Limiter, Outcomes
from n8n_scraper.store import checkpoints, jobs, runs

RUN = "20260101T000000Z-000{}"
CHECKPOINT = Checkpoint(
    total_workflows=30,
    processed=15,
    successful=12,
    failed=3,
    remaining=15,
    avg_time=0.5,
    eta_seconds=7.5,
    last_workflow_id=15,
    timestamp=datetime(2026, 1, 1, tzinfo=timezone.utc),
    limiter=Limiter(measured=1.987, in_force=2.0, promised=2.0, wait_seconds=61.0, request_count=20),
    breaker=Breaker(state="open", open_seconds=90.0, seconds_until_probe=30.0, open_count=2),
    outcomes=Outcomes(
        statuses={"complete": 10, "partial": 0, "gone": 2, "failed": 3},
        failures={"server": 3},
        quality_mean=81.25,
        quality_bands={"excellent": 9, "good": 1},
    ),
)
ROW = """
insert into observed (id, crawl_status, layer1_status, layer2_status, layer3_status, media_status, error_kind,
    transcripts_status, first_seen_at, attempt_count, request_count, service_seconds, run_id)
values (%s, 'failed', 'failed', 'failed', 'failed', 'skipped', %s, 'skipped', now(), 1, 1, 0.1, %s)
"""


@pytest.fixture
def status(run_command: Callable[..., Any], database_url: str) -> Callable[..., Any]:
    return lambda *words: run_command(Command(), *words, DATABASE_URL=database_url)


@contextmanager
def filled_store(database_url: str) -> Iterator[Any]:
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        yield cursor
        # of its jobs; the server lets go of what a closed connection held only a moment later
        cursor.execute("select pg_advisory_unlock_all()")


def begin(cursor: Any, number: int, key: str | None = None) -> jobs.Job:
    job = jobs.open_job(cursor, key, {})
    runs.begin(cursor, runs.Run(RUN.format(number), job.id, {}, {}, {}))
    return job


def test_a_run_that_ended_is_told_with_what_it_left_and_why(status: Callable[..., Any], database_url: str) -> None:
    with filled_store(database_url) as cursor:
        job = begin(cursor, 1)
        jobs.prepare(cursor, job.id, map(jobs.JobId, range(1, 31)))
        jobs.acknowledge(cursor, job.id, range(1, 13))
        for id, kind in ((11, "server"), (12, "server"), (13, "blocked")):
            cursor.execute(ROW, (id, kind, RUN.format(1)))
        later = datetime(2099, 1, 2, 3, 4, tzinfo=timezone.utc)
        jobs.put_off(cursor, job.id, jobs.JobId(14, 1, 1, later))
        jobs.put_off(cursor, job.id, jobs.JobId(15, 1, 1, datetime(2020, 1, 1, tzinfo=timezone.utc)))
        checkpoints.add(cursor, RUN.format(1), CHECKPOINT)
        runs.end(cursor, RUN.format(1), runs.End("circuit_breaker_open", 3, {}))
    said = status().out
    assert "ended: circuit_breaker_open (exit code 3) at " in said.splitlines()[0]
    for line in (
        "workflows   15 of 30 · 15 remaining\n",
        "complete 10 · partial 0 · gone 2 · failed 3\n            not got: server 3\n",
        "rate        1.99 requests/s at last · 2 in force · 2 promised\n",
        "breaker     open at the end, for 0:01:30 · opened 2 times\n",
        "quality     mean 81.2 · excellent 9 · good 1\n",
        "job         without a JOBDIR: 12 of 30 done; a new crawl asks for the rest\n",
        "failed      server 2: 11, 12\n            blocked 1: 13\n",
        "left        not asked 15: 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, …\n",
        "            put off until 2099-01-02 03:04 UTC 1: 14\n",
        "            waits for a retry 1: 15\n",
        "            blocked 1: 13\n",
    ):
        assert line in said


def test_what_a_later_run_asked_for_again_is_not_lost_in_silence(status: Callable[..., Any], database_url: str) -> None:
    with filled_store(database_url) as cursor:
        begin(cursor, 1)
        checkpoints.add(cursor, RUN.format(1), CHECKPOINT)
        cursor.execute(ROW, (1, "server", RUN.format(1)))
    assert "failed      server 1: 1\n            2 more were asked for again by a later run\n" in status().out


def test_a_run_is_named_by_its_beginning_as_for_a_report(status: Callable[..., Any], database_url: str) -> None:
    with filled_store(database_url) as cursor:
        begin(cursor, 1)
        begin(cursor, 2)
    assert status(RUN.format(1)[:-1] + "1").out.startswith(RUN.format(1))
    assert "more than one begins so: " in status("20260101T").err
    assert "There is no run 'x'; the last ones are " in status("x").err


def test_what_was_withheld_was_asked_for_and_a_short_run_has_a_rate(
    status: Callable[..., Any], database_url: str
) -> None:
    limiter = Limiter(promised=2.0, in_force=2.0, request_count=12)
    with filled_store(database_url) as cursor:
        job = begin(cursor, 1)
        jobs.prepare(cursor, job.id, map(jobs.JobId, range(1, 6)))
        checkpoints.add(cursor, RUN.format(1), replace(CHECKPOINT, limiter=limiter))
        stats = {"drift/withheld_ids": "2,4", "drift/withheld_count": 2}
        runs.end(cursor, RUN.format(1), runs.End("structure_drift", 4, stats))
        cursor.execute("update runs set started_at = ended_at - interval '6 seconds'")
    said = status().out
    assert "left        not asked 3: 1, 3, 5\n            withheld, for the structure had changed 2: 2, 4\n" in said
    assert "rate        2 requests/s on average · 2 in force · 2 promised\n" in said


def test_json_is_the_last_checkpoint_and_how_its_run_stands(status: Callable[..., Any], database_url: str) -> None:
    with filled_store(database_url) as cursor:
        begin(cursor, 1)
        for _ in range(2):
            id, taken_at = checkpoints.add(cursor, RUN.format(1), CHECKPOINT)
    document = json.loads(status("--json", RUN.format(1)).out)
    run = {name: document.pop(name) for name in ("run_id", "state", "close_reason", "exit_code")}
    assert run["state"] in {"running", "silent"}
    assert run | {"state": ""} == {"run_id": RUN.format(1), "state": "", "close_reason": None, "exit_code": None}
    assert document == {
        **CHECKPOINT.as_json(),
        "checkpoint_id": id,
        "timestamp": taken_at.astimezone(timezone.utc).isoformat().replace("+00:00", "Z"),
    }
    assert list(document) == list(CHECKPOINT.as_json())


def test_a_run_without_a_checkpoint(status: Callable[..., Any], database_url: str) -> None:
    with filled_store(database_url) as cursor:
        begin(cursor, 1, "/jobs/a")
    assert "running for 0:00:0" in status().out or "silent" in status().out
    said = status("--json")
    assert (said.exit_code, said.out) == (1, "")
    assert "has no checkpoint" in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "The store knows no run."),
        (["nonsense"], "The store knows no run 'nonsense'."),
        (["--job", "nowhere"], "The store knows no run of the job nowhere."),
    ],
)
def test_what_is_not_there_is_one_sentence(status: Callable[..., Any], words: list[str], sentence: str) -> None:
    assert status(*words) == (1, "", f"n8n_scraper: {sentence}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [(["a", "b"], "takes one run"), (["--jsno"], "no option --jsno"), (["a", "--job", "b"], "not both")],
)
def test_words_that_cannot_be_meant_are_refused(status: Callable[..., Any], words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        status(*words)


def test_a_store_that_is_behind_is_brought_up_to_date(run_command: Callable[..., Any], empty_database_url: str) -> None:
    said = partial(run_command, Command(), DATABASE_URL=empty_database_url)()
    assert said == (1, "", "n8n_scraper: The store knows no run.\n")
