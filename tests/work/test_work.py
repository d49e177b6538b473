"""Real workers on a real queue: what they leave, and what they leave behind when they die."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import psutil
import pytest

from n8n_scraper.export.check import check_folder
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.scale import audit
from n8n_scraper.scale.team import Team, team

from ..waiting import PATIENCE

pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")
COUNT = 60


@pytest.fixture(scope="module")
def site() -> Iterator[RunningReplica]:
    with running_replica(count=COUNT, latency="0.02-0.05", icons=0) as replica:
        yield replica


@pytest.fixture
def workers(site: RunningReplica, tmp_path: Path) -> Iterator[Team]:
    tmp_path.chmod(0o711)
    with team(tmp_path / "team", site, {"N8N_SCRAPER_REQUESTS_PER_SECOND": 40}) as members:
        yield members


def test_two_workers_do_it_all_once_and_export_it(site: RunningReplica, workers: Team) -> None:
    before = len(site.entries())
    assert "Batch 1 is on the queue" in workers.do("enqueue", "--shard", "20", "--export")
    began = [workers.start(), workers.start("--concurrency", "2")]
    workers.wait_for_end()
    assert [worker.returncode for worker in began] == [0, 0], workers.trial.log.read_text()
    assert list(check_folder(workers.trial.exports)) == []
    entries = site.entries()[before:]
    assert set(audit.usable_answers(entries).values()) == {1}
    assert len(audit.usable_answers(entries)) == COUNT
    assert sum(entry["path"] == "/robots.txt" for entry in entries) == 2, "once for all shards"
    assert sum("/workflows?" in entry["path"] or "search" in entry["path"] for entry in entries) <= 2, "prices once"
    assert f"batch 1: 3 crawl done, {COUNT} of {COUNT} ids done" in workers.do("status")


def test_what_a_killed_or_stopped_worker_had_is_done_by_another_and_no_orphan_stays(
    site: RunningReplica, workers: Team
) -> None:
    before = len(site.entries())
    workers.do("enqueue", "--shard", "30", N8N_SCRAPER_REQUESTS_PER_SECOND=10)
    first = workers.start(N8N_SCRAPER_REQUESTS_PER_SECOND=10)
    workers.wait_for(lambda: workers.rows("select to_regclass('work_tasks') as t")[0]["t"])
    workers.wait_for(lambda: workers.done_count() >= 5)
    [crawl] = psutil.Process(first.pid).children()
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = workers.start(N8N_SCRAPER_REQUESTS_PER_SECOND=10)
    workers.wait_for(lambda: not crawl.is_running() or crawl.status() == psutil.STATUS_ZOMBIE, 25)
    done = workers.done_count()
    workers.wait_for(lambda: workers.done_count() > done)
    second.send_signal(signal.SIGINT)
    assert second.wait(PATIENCE) == 0, workers.trial.log.read_text()
    assert second.pid not in {task["pid"] for task in workers.running()}, "it gave back what it had"
    third = workers.start(N8N_SCRAPER_REQUESTS_PER_SECOND=10)
    workers.wait_for_end()
    assert third.returncode == 0, workers.trial.log.read_text()
    rows, twice = workers.found()
    assert (len(rows), twice) == (COUNT, [])
    again = sum(count - 1 for count in audit.usable_answers(site.entries()[before:]).values())
    assert again <= audit.MOST_FETCHED_AGAIN


def test_ids_of_a_list_and_an_argument_that_no_crawl_takes(workers: Team) -> None:
    ids = [row["id"] for row in workers.trial.replica.library() if row["listed"] and row["status"] == "published"][:7]
    workers.do("enqueue", "-a", f"ids={','.join(map(str, ids))}", "-a", "limit=5", "--shard", "3")
    workers.start().wait(PATIENCE)
    assert [row["id"] for row in workers.rows("select id from observed order by id")] == sorted(ids)[:5]
    with pytest.raises(Exception, match="limt"):
        workers.do("enqueue", "-a", "limt=5")


def test_transcripts_are_tasks_too(workers: Team) -> None:
    workers.do("enqueue", "-a", "limit=12")
    workers.start("--concurrency", "2").wait(PATIENCE)
    workers.do("enqueue", "-a", "layers=transcripts", "--shard", "6")
    fast = {"N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 50}
    before = len(workers.trial.replica.entries())
    workers.start("--concurrency", "2", **fast).wait(PATIENCE)
    assert workers.rows("select kind, count(*) from work_tasks where batch_id = 2 group by 1 order by 1") == [
        {"kind": "crawl", "count": 2},
        {"kind": "plan", "count": 1},
    ]
    assert not workers.rows("select id from observed where transcripts_status in ('skipped', 'failed')")
    assert {entry["host"] for entry in workers.trial.replica.entries()[before:]} <= {"youtube"}


def test_what_is_due_at_a_time_is_enqueued_once_whoever_has_the_schedule(workers: Team) -> None:
    workers.do("enqueue", "-a", "limit=1")
    minute = datetime.now(timezone.utc).minute  # a minute ago at most: procrastinate makes up for it
    for _ in range(2):
        workers.start("--every", f"{minute} * * * *", "-a", "limit=3")
    workers.wait_for_end()
    batches = workers.rows("select words ->> 'limit' as limit, count(*) from work_batches group by 1 order by 1")
    assert batches == [{"limit": "1", "count": 1}, {"limit": "3", "count": 1}]
