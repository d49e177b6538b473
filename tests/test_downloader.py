"""The gate before the socket, judged as the site would: by the replica's access log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.politeness.gate import MISSED_AFTER
from n8n_scraper.replica.process import RunningReplica, running_replica

from .waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[1]
UNGATED = dict.fromkeys(("http", "https"), "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler")


class Watched:
    """A replica, and what it has seen since the test began."""

    def __init__(self, running: RunningReplica) -> None:
        self.running = running
        self._before = len(running.entries())

    def entries(self) -> list[dict[str, Any]]:
        return self.running.entries()[self._before :]

    def arrivals(self, path: str = "/") -> list[float]:
        return [entry["t"] for entry in self.entries() if entry["path"].startswith(path)]

    def missing(self, count: int) -> list[str]:
        """Addresses on both hosts."""
        return [f"{self.running.site_url if i % 2 else self.running.api_url}/missing/{i}" for i in range(count)]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningReplica]:
    with running_replica(count=5) as running:
        yield running


@pytest.fixture
def replica(running: RunningReplica) -> Iterator[Watched]:
    yield Watched(running)
    running.set_faults()


def start(replica: Watched, urls: Sequence[str], rate: float = 20, **more: Any) -> subprocess.Popen[str]:
    dsn = more.pop("dsn", None)
    settings = {**replica.running.settings, "N8N_SCRAPER_REQUESTS_PER_SECOND": rate, "DOWNLOAD_DELAY": 0, **more}
    order = json.dumps({"urls": list(urls), "settings": settings, "dsn": dsn})
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tests/politeness/mini_crawl.py"), order],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate(timeout=PATIENCE)
    result: dict[str, Any] = json.loads(said.splitlines()[-1])
    return result


def crawl(replica: Watched, urls: Sequence[str], **more: Any) -> dict[str, Any]:
    return finish(start(replica, urls, **more))


def busiest(moments: Sequence[float], seconds: float) -> int:
    return max(bisect_left(moments, moment + seconds) - i for i, moment in enumerate(moments))


def mean_rate(moments: Sequence[float]) -> float:
    return (len(moments) - 1) / (moments[-1] - moments[0])


def is_kept(moments: Sequence[float], rate: float) -> bool:
    """Whether no more came than a promise of ``rate`` a second allows, if the first came late."""
    return len(moments) - 1 <= rate * (moments[-1] - moments[0] + MISSED_AFTER)


def reaches(rate: float, replica: Watched, urls: Sequence[str], **more: Any) -> bool:
    """Whether the last crawl came as fast, or one of two more of the same: a busy machine is slow by itself."""
    moments = replica.arrivals()
    for _ in range(2):
        if mean_rate(moments) < rate:
            before = len(replica.arrivals())
            crawl(replica, urls, **more)
            moments = replica.arrivals()[before:]
    return mean_rate(moments) >= rate


AT_20 = 26
"""A second holds 20 turns and, where processes share them, those that somebody took a quarter of a second late."""


def test_both_hosts_robots_and_redirects_share_one_promise(replica: Watched) -> None:
    urls = [*replica.missing(50), f"{replica.running.site_url}/workflows/1"]
    result = crawl(replica, urls)
    moments = replica.arrivals()
    assert len(replica.arrivals("/robots.txt")) == 2
    assert len(replica.arrivals("/workflows/1")) == 2, "the address without a slug, and where it leads"
    assert len(moments) == 54 == result["stats"]["rate/request_count"]
    assert is_kept(moments, 20)
    assert reaches(0.9 * 20, replica, urls)
    assert busiest(moments, 1) <= AT_20
    assert result["stats"]["rate/per_second"] == 20
    assert result["stats"]["rate/wait_seconds"] > 0


@pytest.mark.parametrize(("rate", "most"), [(20, 16), (0, 0)])
def test_waiting_is_all_that_the_engine_has_and_has_not_sent(replica: Watched, rate: float, most: int) -> None:
    outcomes = crawl(replica, replica.missing(30), rate=rate, DOWNLOAD_DELAY=0.04 if rate else 0)["outcomes"]
    waiting = [outcome["waiting"] for outcome in outcomes]
    assert most * 0.8 <= max(waiting) <= most, "16 requests are under way, most of them in Scrapy's slot"
    assert waiting[-1] == 0


def test_the_same_crawl_without_the_gate_is_faster_than_promised(replica: Watched) -> None:
    crawl(replica, replica.missing(50), DOWNLOAD_HANDLERS=UNGATED)
    assert busiest(replica.arrivals(), 1) > AT_20


def test_no_promise_no_wait(replica: Watched) -> None:
    result = crawl(replica, replica.missing(50), rate=0)
    assert busiest(replica.arrivals(), 1) > AT_20
    assert "rate/per_second" not in result["stats"]


def test_download_delay_is_the_floor_over_both_hosts(replica: Watched) -> None:
    crawl(replica, replica.missing(18), DOWNLOAD_DELAY=0.1)
    assert is_kept(replica.arrivals(), 10)
    assert reaches(0.8 * 10, replica, replica.missing(18), DOWNLOAD_DELAY=0.1)


def test_a_burst_comes_at_once_and_keeps_the_mean(replica: Watched) -> None:
    crawl(replica, replica.missing(14), rate=4, N8N_SCRAPER_BURST=5)
    moments = replica.arrivals()
    assert 7 <= busiest(moments, 1) <= 5 + 4
    assert is_kept(moments[4:], 4)


def test_processes_that_share_a_store_share_the_promise(replica: Watched, database_url: str) -> None:
    for each in [start(replica, replica.missing(30), dsn=database_url) for _ in range(2)]:
        finish(each)
    assert len(replica.arrivals()) == 64
    assert busiest(replica.arrivals(), 1) <= AT_20


def test_processes_that_share_no_store_do_not(replica: Watched) -> None:
    for each in [start(replica, replica.missing(30)) for _ in range(2)]:
        finish(each)
    assert busiest(replica.arrivals(), 1) > AT_20


def test_waiting_counts_neither_as_latency_nor_into_the_timeout(replica: Watched) -> None:
    outcomes = crawl(replica, replica.missing(12), rate=5, DOWNLOAD_TIMEOUT=1)["outcomes"]
    assert {outcome["kind"] for outcome in outcomes} == {"gone"}
    assert max(outcome["rate_wait"] for outcome in outcomes) > 1.5
    assert max(outcome["download_latency"] for outcome in outcomes) < 0.5


RESETS = {"kind": "reset_kept_alive", "path": "/missing/*"}
"""A connection is reset when it is used again, as by a server that has just closed an idle one."""


def test_nothing_is_sent_again_behind_our_back(replica: Watched) -> None:
    replica.running.set_faults(RESETS)
    result = crawl(replica, replica.missing(6), CONCURRENT_REQUESTS=1)
    assert len(replica.arrivals()) == result["stats"]["downloader/request_count"]
    assert "network" in [outcome["kind"] for outcome in result["outcomes"]]


def test_scrapys_own_handler_does_send_again(replica: Watched) -> None:
    replica.running.set_faults(RESETS)
    result = crawl(replica, replica.missing(6), CONCURRENT_REQUESTS=1, DOWNLOAD_HANDLERS=UNGATED)
    assert len(replica.arrivals()) > result["stats"]["downloader/request_count"]


def test_a_stop_waits_for_nobody_and_sends_nothing(replica: Watched) -> None:
    process = start(replica, replica.missing(200), rate=1 / 60, DOWNLOAD_DELAY=0.5)
    wait_until(replica.arrivals)
    process.send_signal(signal.SIGINT)
    stopped = time.monotonic()
    result = finish(process)
    assert time.monotonic() - stopped < 30, "the next turn is after 60 s"
    assert len(replica.arrivals()) == 1
    assert result["stats"]["finish_reason"] == "shutdown"
    unsent = [outcome["kind"] for outcome in result["outcomes"]].count("NotSent")
    assert unsent >= 1, "of the requests that Scrapy had under way: up to 15, fewer on a busy machine"


@pytest.mark.parametrize("shared", [False, True])
def test_one_429_halves_the_rate_and_clean_answers_bring_it_back(
    replica: Watched, database_url: str, shared: bool
) -> None:
    replica.running.set_faults({"kind": "429", "path": "/missing/7"})
    stats = crawl(replica, replica.missing(45), dsn=database_url if shared else None)["stats"]
    moments = replica.arrivals()
    at = [entry["path"] for entry in replica.entries()].index("/missing/7")
    assert stats["rate/limited_count"] == 1
    assert stats["rate/lowest_per_second"] == 10
    assert stats["rate/per_second"] == 12, "30 clean answers brought a tenth back"
    assert is_kept(moments[at + 2 : at + 28], 10)


def test_an_open_breaker_sends_nothing_but_probes(replica: Watched) -> None:
    def pauses() -> list[float]:
        return [later - earlier for earlier, later in pairwise(replica.arrivals("/missing/")) if later - earlier > 1.25]

    replica.running.set_faults({"kind": "503", "path": "/missing/*"})
    settings = {"N8N_SCRAPER_BREAKER_COOLDOWN": 1.5, "CONCURRENT_REQUESTS": 4}
    process = start(replica, replica.missing(30), rate=50, **settings)
    wait_until(pauses)  # the first probe failed
    replica.running.set_faults()
    stats = finish(process)["stats"]
    assert len(replica.arrivals("/missing/")) == 30, "nothing in the queue was failed"
    assert len(pauses()) == 2, "a failed probe after 1.5 s, a good one after twice that"
    assert pauses()[1] > 2.75
    assert [stats[f"breaker/change_count/{state}"] for state in ("open", "half_open", "closed")] == [2, 2, 1]
    assert stats["breaker/state"] == "closed"
    assert 3.75 < stats["breaker/open_seconds"] < 12.5


@pytest.mark.parametrize(("status", "reason"), [("503", "circuit_breaker_open"), ("403", "blocked")])
def test_a_breaker_that_gives_up_ends_the_crawl(replica: Watched, status: str, reason: str) -> None:
    replica.running.set_faults({"kind": status, "path": "/missing/*"})
    settings = {"N8N_SCRAPER_BREAKER_COOLDOWN": 0.5, "N8N_SCRAPER_BREAKER_GIVE_UP": 1}
    result = crawl(replica, replica.missing(100), rate=50, **settings)
    assert len(replica.arrivals()) < 40
    assert result["stats"]["finish_reason"] == reason


def test_no_other_host_is_ever_asked(replica: Watched) -> None:
    with running_replica(count=1) as other:
        crawl(
            replica, [f"{other.site_url}/workflows/1/", other.api_url.replace("127.0.0.1", "localhost") + "/api/health"]
        )
        assert other.entries() == []
