"""A crawl that is ended at any moment and started again with the same command: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from n8n_scraper.export.manifest import read_manifest
from n8n_scraper.failures import KINDS
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.scale import audit
from n8n_scraper.scale.fault_plan import every_fault, fault_rules, make_plan
from n8n_scraper.scale.kill_loop import COMMIT_SECONDS
from n8n_scraper.scale.killed_job import Kill, KilledJob, Result
from n8n_scraper.scale.moments import Moment, at_rows, in_a_transaction, in_the_export, while_a_retry_waits
from n8n_scraper.scale.trial import Trial
from n8n_scraper.settings import EXTENSIONS

from ..waiting import PATIENCE, wait_until
from .conftest import Crawler

COUNT = 300
QUICK_FAULTS = [p for p in every_fault() if p.times == 1 or not (p.kind is None or KINDS[p.kind].retried)]
"""Those that end after one retry at the latest, and those that are not retried."""
KILLS: list[tuple[str, Moment]] = [
    ("SIGINT", at_rows(1)),
    ("SIGTERM", while_a_retry_waits(100)),
    ("SIGINT twice", at_rows(150)),
    ("SIGKILL", in_a_transaction(200)),
    ("SIGKILL", in_the_export()),
]


class Killed(NamedTuple):
    kills: list[Kill]
    undisturbed: Result
    disturbed: Result
    exported: list[int]
    """Ids in the snapshot."""
    controls: int
    """Good ones that the disturbed job said it asked for again, to tell the site from its workflows."""
    leftovers: list[Path]


@pytest.fixture(scope="module")
def killed(server_folder: Callable[[str], Path]) -> Iterator[Killed]:
    """One job of 300 workflows, a third of them faulty, ended five times."""
    with running_replica(count=COUNT, latency="0.02-0.06", icons=0) as replica:
        ids = [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]
        rules = fault_rules(make_plan(ids, 0.3, 1, QUICK_FAULTS))
        settings = {"DOWNLOAD_TIMEOUT": 4, "N8N_SCRAPER_BREAKER_COOLDOWN": 0.2}
        results: list[Result] = []
        kills: list[Kill] = []
        for disturbances in ([], KILLS):
            replica.set_faults(*rules)
            trial = Trial(server_folder("trial-"), replica, settings)
            job = KilledJob(trial, commit_seconds=COMMIT_SECONDS)
            for sent, moment in disturbances:
                outcome = job.disturb(sent, moment)
                assert isinstance(outcome, Kill), (sent, moment, outcome.exit_code)
                kills.append(outcome)
            results.append(job.finish())
            trial.close()
        lines = (trial.exports / "workflows.jsonl").read_bytes().split(b"\n")
        exported = [int(json.loads(line)["id"]) for line in lines if line]
        controls = trial.log.read_text(encoding="utf-8").count("Asking once more for what answered well before")
        yield Killed(kills, *results, exported, controls, list(trial.exports.rglob("*.tmp")))


def test_the_union_of_rows_is_that_of_an_undisturbed_crawl(killed: Killed) -> None:
    assert len(killed.undisturbed.rows) == COUNT
    assert audit.differences(killed.undisturbed.rows, killed.disturbed.rows) == {}
    assert killed.disturbed.rows.keys() == killed.undisturbed.rows.keys()


def test_no_row_is_stored_twice(killed: Killed) -> None:
    assert killed.disturbed.twice == []


@pytest.mark.parametrize("number", range(len(KILLS)), ids=[f"{sent} {moment.name}" for sent, moment in KILLS])
def test_a_kill_costs_no_more_than_what_was_on_its_way(killed: Killed, number: int) -> None:
    kill = killed.kills[number]
    assert kill.not_stored <= audit.MOST_FETCHED_AGAIN
    assert kill.seconds_to_end < 30
    if kill.sent in {"SIGINT", "SIGTERM"}:
        assert (kill.exit_code, kill.not_stored) == (0, 0)
    elif kill.sent == "SIGKILL":
        assert kill.exit_code == -signal.SIGKILL


def test_what_is_fetched_again_is_what_the_kills_took(killed: Killed) -> None:
    again = killed.disturbed.answers - killed.undisturbed.answers
    assert sum(again.values()) <= sum(kill.not_stored for kill in killed.kills) + killed.controls


def test_a_job_killed_in_its_export_still_gets_its_files(killed: Killed) -> None:
    assert killed.kills[-1].rows < COUNT, "refused ones are not done"
    assert sorted(killed.exported) == sorted(killed.disturbed.rows)
    assert killed.leftovers == []


def test_no_server_is_left_behind(killed: Killed) -> None:
    assert not killed.disturbed.has_server_left


@pytest.fixture
def small() -> Iterator[RunningReplica]:
    with running_replica(count=30, traps=0, icons=0) as replica:
        yield replica


def test_a_retry_that_waits_survives_kill_9_with_its_time_and_its_attempts(
    crawl: Crawler, small: RunningReplica, tmp_path: Path
) -> None:
    small.set_faults({"id": 1, "route": "detail", "kind": "503", "times": 2, "retry_after": "6"})
    process = crawl.start(small, "limit=5", JOBDIR=tmp_path / "job")
    crawl.wait_for("exists (select from job_ids where not_before > now())", process)
    process.kill()
    done = crawl(small, "limit=5", JOBDIR=tmp_path / "job")
    assert done.code == 0, done.said
    asked = [entry["t"] for entry in small.entries() if entry["host"] == "api" and entry["id"] == 1]
    assert all(later - earlier >= 6 for earlier, later in pairwise(asked))
    [row] = crawl.query("select crawl_status, attempt_count, request_count from observed where id = 1")
    assert (len(asked), row) == (3, {"crawl_status": "complete", "attempt_count": 3, "request_count": 3})


def test_a_wait_that_is_too_long_is_left_to_a_later_run(crawl: Crawler, small: RunningReplica, tmp_path: Path) -> None:
    small.set_faults({"id": 1, "route": "detail", "kind": "429", "times": 1, "retry_after": "400"})
    first = crawl(small, "limit=5", JOBDIR=tmp_path / "job")
    assert first.code == 3, first.said
    assert [row["id"] for row in first.feed()] == [2, 3, 4, 5]
    assert crawl(small, "limit=5", JOBDIR=tmp_path / "job").code == 3
    crawl.query("update job_ids set not_before = now() where id = 1")
    last = crawl(small, "limit=5", JOBDIR=tmp_path / "job")
    assert (last.code, [row["id"] for row in last.feed()]) == (0, [1])
    assert [row["crawl_status"] for row in last.snapshot()] == ["complete"] * 5


def test_refresh_all_goes_on_where_it_was_killed(crawl: Crawler, small: RunningReplica, tmp_path: Path) -> None:
    crawl(small)
    before = len(small.entries())
    words, settings = "refresh=all", {"JOBDIR": tmp_path / "job", "N8N_SCRAPER_REQUESTS_PER_SECOND": 8}
    process = crawl.start(small, words, **settings)
    refreshed = (
        "select count(*) > 3 from job_ids where is_done and job_id = (select id from jobs where key is not null)"
    )
    crawl.wait_for(f"({refreshed})", process)
    process.kill()
    process.communicate()
    [killed] = crawl.query("select run_id from runs where ended_at is null")
    done = crawl(small, words, **settings)
    assert done.code == 0, done.said
    runs = crawl.query("select run_id, count(*) from observed group by run_id")
    assert {run["run_id"]: run["count"] for run in runs}.keys() == {killed["run_id"], done.run_folder.name}
    asked = audit.usable_answers(small.entries()[before:])
    assert asked.keys() == {row["id"] for row in crawl.query("select id from observed")}
    assert sum(asked.values()) - len(asked) <= 16 + 8, "what was on its way, and a second's rows"


def test_a_job_keeps_the_ids_of_its_first_start_and_says_so(
    crawl: Crawler, small: RunningReplica, tmp_path: Path
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("".join(f"{id}\n" for id in range(1, 21)))
    settings = {"JOBDIR": tmp_path / "job", "N8N_SCRAPER_REQUESTS_PER_SECOND": 10}
    process = crawl.start(small, f"ids={ids}", **settings)
    crawl.wait_for("exists (select from job_ids where is_done)", process)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 0
    ids.write_text("29\n")
    done = crawl(small, f"ids={ids}", **settings)
    assert done.code == 0, done.said
    assert "goes on with the arguments and ids of its first start" in done.said
    [fixed] = crawl.query("select count(*) from job_ids")
    assert (fixed["count"], 29 in {row["id"] for row in done.snapshot()}) == (20, False)
    assert re.search(r"'count': 20", done.said)


@pytest.mark.parametrize(("sent", "moment"), [(signal.SIGINT, "spider_opened"), (signal.SIGTERM, "engine_started")])
def test_a_signal_while_the_spider_is_opened_is_a_clean_end(
    crawl: Crawler, small: RunningReplica, tmp_path: Path, sent: signal.Signals, moment: str
) -> None:
    early = json.dumps({**EXTENSIONS, "tests.crawl.early_signal.EarlySignal": 1000})
    settings = {"EXTENSIONS": early, "EARLY_SIGNAL": int(sent), "EARLY_SIGNAL_AT": moment}
    first = crawl(small, JOBDIR=tmp_path / "job", **settings)
    assert (first.code, "Traceback" in first.said) == (0, False), first.said
    assert crawl.query("select close_reason, exit_code from runs") == [{"close_reason": "shutdown", "exit_code": 0}]
    assert small.entries() == []
    done = crawl(small, JOBDIR=tmp_path / "job")
    assert (done.code, len(done.snapshot())) == (0, 30), done.said


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_before_the_ids_are_known_loses_no_job(
    crawl: Crawler, new_replica: Callable[..., RunningReplica], tmp_path: Path, sent: signal.Signals
) -> None:
    replica = new_replica(count=5, faults=[{"route": "sitemap", "kind": "slow", "seconds": 2, "at_most": 1}])
    process = crawl.start(replica, "limit=1", JOBDIR=tmp_path / "job")
    crawl.wait_for("exists (select from runs)", process)
    process.send_signal(sent)
    said, _ = process.communicate()
    assert process.returncode in {0, -signal.SIGKILL}, said
    assert crawl.query("select finished_at, prepared_at from jobs") == [{"finished_at": None, "prepared_at": None}]
    done = crawl(replica, JOBDIR=tmp_path / "job")
    assert done.code == 0, done.said
    assert len(done.snapshot()) == 5, "nothing was fixed yet: the arguments of the second start count"
    assert read_manifest(crawl.folder).rows == 5


def test_a_signal_ends_a_long_wait_for_the_sitemap(
    crawl: Crawler, new_replica: Callable[..., RunningReplica], tmp_path: Path
) -> None:
    replica = new_replica(count=5, faults=[{"route": "sitemap", "kind": "429", "retry_after": "200"}])
    process = crawl.start(replica, JOBDIR=tmp_path / "job")
    wait_until(lambda: any(entry["status"] == 429 for entry in replica.entries()))
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Traceback" in said) == (0, False), said
    assert crawl.query("select close_reason from runs") == [{"close_reason": "shutdown"}]
