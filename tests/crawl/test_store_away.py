"""Postgres killed with -9 under a running crawl."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import Popen

import pytest

from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.scale import audit
from n8n_scraper.scale.moments import at_rows
from n8n_scraper.scale.trial import Trial, rows_of
from n8n_scraper.store.database import connect
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.embedded_place import prepare_place
from n8n_scraper.store.embedded_process import postmaster
from n8n_scraper.store.migrations import migrate

from ..waiting import PATIENCE

NewTrial = Callable[..., Trial]
COUNT = 100
RATE = {"N8N_SCRAPER_REQUESTS_PER_SECOND": 25}


@pytest.fixture(scope="module")
def site() -> Iterator[RunningReplica]:
    with running_replica(count=COUNT, latency="0.02-0.06", icons=0) as replica:
        yield replica


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of our own in the role of one that DATABASE_URL names."""
    with EmbeddedPostgres(tmp_path / "server" / "postgres") as server:
        with closing(connect(server.dsn())) as connection:
            migrate(connection)
        yield server
    server.remove()


def kill_9(server: EmbeddedPostgres) -> None:
    process = postmaster(prepare_place(server.root))
    assert process is not None
    process.kill()


def wait_for_rows(trial: Trial, crawl: Popen[bytes], dsn: str, rows: int) -> None:
    while rows_of(dsn, "select count(*) from job_ids where is_done")[0]["count"] < rows:
        assert crawl.poll() is None, trial.log.read_text()
        time.sleep(0.02)


def test_an_embedded_server_is_started_again_and_nothing_is_lost(site: RunningReplica, new_trial: NewTrial) -> None:
    before = len(site.entries())
    trial = new_trial(site, **RATE)
    crawl = trial.start()
    for rows in (20, 60):
        assert at_rows(rows).wait(trial, crawl, time.monotonic()), trial.log.read_text()
        kill_9(trial.postgres)
    assert crawl.wait(PATIENCE) == 0, trial.log.read_text()
    assert "The store is back after" in trial.log.read_text()
    assert not trial.postgres.is_running()
    assert trial.rows("select crawl_status, count(*) from observed group by 1") == [
        {"crawl_status": "complete", "count": COUNT}
    ]
    assert set(audit.usable_answers(site.entries()[before:]).values()) == {1}


def test_a_server_that_comes_back_finds_the_crawl_waiting(
    site: RunningReplica, server: EmbeddedPostgres, new_trial: NewTrial
) -> None:
    dsn = server.dsn()
    trial = new_trial(site, **RATE, DATABASE_URL=dsn)
    crawl = trial.start()
    wait_for_rows(trial, crawl, dsn, 30)
    kill_9(server)
    time.sleep(1)
    before = len(site.entries())
    time.sleep(3)
    assert len(site.entries()) - before <= 1, "without the store there are no turns"
    server.revive()
    assert crawl.wait(PATIENCE) == 0, trial.log.read_text()
    assert rows_of(dsn, "select count(*) from observed where crawl_status = 'complete'") == [{"count": COUNT}]
    assert rows_of(dsn, "select close_reason, exit_code from runs") == [{"close_reason": "finished", "exit_code": 0}]


def test_a_server_that_stays_away_ends_the_crawl_and_nothing_acknowledged_is_missing(
    site: RunningReplica, server: EmbeddedPostgres, new_trial: NewTrial
) -> None:
    dsn = server.dsn()
    trial = new_trial(site, **RATE, DATABASE_URL=dsn, N8N_SCRAPER_STORE_PATIENCE=3)
    crawl = trial.start()
    wait_for_rows(trial, crawl, dsn, 30)
    kill_9(server)
    began = time.monotonic()
    assert crawl.wait(PATIENCE) == 3, trial.log.read_text()
    assert time.monotonic() - began < 15, "it waits once, not for every row"
    said = trial.log.read_text()
    assert "store_unavailable" in said
    assert "Traceback" not in said
    [feed] = trial.exports.glob("runs/*/workflows.jsonl")
    fed = len(feed.read_bytes().splitlines())
    server.revive()
    done = {row["id"] for row in rows_of(dsn, "select id from job_ids where is_done")}
    assert fed == len(done) == rows_of(dsn, "select count(*) from observed")[0]["count"] < COUNT
    before = len(site.entries())
    assert trial.start().wait(PATIENCE) == 0, trial.log.read_text()
    assert not audit.usable_answers(site.entries()[before:]).keys() & done
    assert rows_of(dsn, "select count(*) from observed where crawl_status = 'complete'") == [{"count": COUNT}]
