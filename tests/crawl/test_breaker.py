"""A site that breaks down, or shuts us out, in mid-crawl."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from n8n_scraper.replica.process import RunningReplica, running_replica

from ..waiting import PATIENCE
from .conftest import Crawl, Crawler

COUNT = 80
IN_FLIGHT = 10
"""Requests that may be on their way when the breaker opens."""
SETTINGS = {
    "N8N_SCRAPER_REQUESTS_PER_SECOND": 40,
    "N8N_SCRAPER_BREAKER_THRESHOLD": 5,
    "N8N_SCRAPER_BREAKER_COOLDOWN": 1,
}
Rule = dict[str, Any]


@pytest.fixture(scope="module")
def site() -> Iterator[RunningReplica]:
    with running_replica(count=COUNT, traps=0, latency="0.05-0.1") as replica:
        yield replica


@pytest.fixture
def broken_midway(crawl: Crawler, site: RunningReplica) -> Callable[..., tuple[int, str]]:
    """Start a crawl and set a fault when some rows are in, taken away when the breaker has opened ``mended_after``
    times; the exit code and what was said.
    """

    def run(rule: Rule, *, mended_after: int = 0, **settings: Any) -> tuple[int, str]:
        site.set_faults()
        process = crawl.start(site, **SETTINGS, **settings)
        crawl.wait_for("(select count(*) > 10 from job_ids where is_done)", process)
        site.set_faults(rule)
        said = _until_opened(process, mended_after)
        if mended_after:
            site.set_faults()
        assert process.stdout is not None
        said += process.stdout.read()
        return process.wait(PATIENCE), said

    return run


def _until_opened(process: subprocess.Popen[str], times: int) -> str:
    """What the crawl says until its breaker has opened so often."""
    assert process.stdout is not None
    said = ""
    while said.count("Circuit breaker open") < times:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def job(crawl: Crawler) -> list[tuple[str, int]]:
    return [(run["close_reason"], run["exit_code"]) for run in crawl.query("select * from runs order by started_at")]


def statuses(crawl: Crawler) -> dict[str, int]:
    rows = crawl.query("select crawl_status, count(*) from observed group by 1")
    return {row["crawl_status"]: row["count"] for row in rows}


def test_circuit_breaker(
    crawl: Crawler, site: RunningReplica, broken_midway: Callable[..., tuple[int, str]]
) -> None:  # fmt: skip
    """It opens, sends nothing but probes, closes when the site is back, and nobody pays for the outage."""
    before = len(site.entries())
    code, said = broken_midway({"route": "detail", "kind": "503"}, mended_after=3)
    assert code == 0, said
    assert statuses(crawl) == {"complete": COUNT}
    refused = [entry for entry in site.entries()[before:] if entry["status"] == 503]
    assert len(refused) <= 5 + IN_FLIGHT + 3
    first_probe, second_probe = refused[-2:]
    assert second_probe["t"] - first_probe["t"] >= 1.9, "the cool-down doubled"
    stats = Crawl(code, said, crawl.folder).stats()
    assert stats["breaker/state"] == "closed"
    assert stats["breaker/change_count/open"] >= 2
    assert stats["breaker/change_count/half_open"] >= 2
    assert stats["breaker/open_seconds"] >= 2
    assert crawl.query("select max(attempt_count) as most from observed") == [{"most": 1}], "attempts were given back"


@pytest.mark.parametrize(("status", "reason"), [("503", "circuit_breaker_open"), ("403", "blocked")])
def test_a_site_that_stays_away_ends_the_crawl_and_the_next_run_completes_it(
    crawl: Crawler, site: RunningReplica, broken_midway: Callable[..., tuple[int, str]], status: str, reason: str, tmp_path: Any
) -> None:  # fmt: skip
    code, said = broken_midway({"host": "api", "kind": status}, N8N_SCRAPER_BREAKER_GIVE_UP=2, JOBDIR=tmp_path / "job")
    assert code == 3, said
    assert job(crawl) == [(reason, 3)]
    before = statuses(crawl)
    assert before["complete"] < COUNT
    assert bool(before.get("failed")) == (status == "403"), "refused ones are told as such, and asked for again"
    site.set_faults()
    done = crawl(site, JOBDIR=tmp_path / "job")
    assert done.code == 0, done.said
    assert statuses(crawl) == {"complete": COUNT}
    assert crawl.query("select count(*) from observed where error_kind is not null") == [{"count": 0}]
    assert job(crawl) == [(reason, 3), ("finished", 0)]


def test_broken_workflows_of_a_site_that_works_are_failed_and_the_crawl_ends(
    crawl: Crawler, site: RunningReplica
) -> None:
    """Nothing but failures comes in; a workflow that was good tells that it is not the site."""
    site.set_faults()
    crawl(site, "limit=8")
    broken = list(range(1, 7))
    site.set_faults({"id": broken, "route": "detail", "kind": "500"})
    ids = "ids=" + ",".join(map(str, broken))
    done = crawl(site, "refresh=all", ids, **{**SETTINGS, "N8N_SCRAPER_BREAKER_COOLDOWN": 0.2})
    assert done.code == 0, done.said
    assert done.stats()["workflow/failure_count/server"] == len(broken)
    assert done.stats()["breaker/change_count/open"] >= 1
    assert {row["error_kind"] for row in done.feed()} == {"server"}
    assert {row["crawl_status"] for row in done.feed()} == {"complete"}, "what was stored before stays"


@pytest.mark.parametrize("concurrency", [2, 16])
def test_those_that_wait_for_the_probe_leave_it_a_way_out(
    crawl: Crawler, site: RunningReplica, concurrency: int
) -> None:
    """More refused workflows than may be asked for at once: they fill the downloader while the breaker is open."""
    site.set_faults()
    crawl(site, "limit=40")
    broken = list(range(1, 40))
    site.set_faults({"id": broken, "route": "detail", "kind": "403"})
    settings = {
        "CONCURRENT_REQUESTS": concurrency,
        "N8N_SCRAPER_BREAKER_COOLDOWN": 0.2,
        "N8N_SCRAPER_BREAKER_GIVE_UP": 10,
    }
    done = crawl(site, "refresh=all", "ids=" + ",".join(map(str, broken)), **settings)
    assert done.code == 0, done.said
    assert done.stats()["workflow/failure_count/blocked"] == len(broken)
