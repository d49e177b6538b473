"""Compressed time: every wait of a crawl is as many times shorter, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from n8n_scraper.replica.process import RunningReplica

from .conftest import Crawler

FACTOR = 20
SETTINGS = {
    "N8N_SCRAPER_TIME_FACTOR": FACTOR,
    "N8N_SCRAPER_BREAKER_THRESHOLD": 3,
    "N8N_SCRAPER_BREAKER_COOLDOWN": 60,
}


def test_waits_of_a_crawl_are_shorter(crawl: Crawler, new_replica: Callable[..., RunningReplica]) -> None:
    """A Retry-After, a retry of robots.txt, and the cool-down of the breaker."""
    replica = new_replica(count=12)
    first, *others = [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]
    outage = {"route": "detail", "id": others, "kind": "503", "at_most": 4}
    robots = {"route": "robots", "kind": "503", "times": 1}
    replica.set_faults({"id": first, "kind": "429", "retry_after": "100", "times": 1}, outage, robots)
    done = crawl(replica, "layers=2", "page=no", **SETTINGS)
    assert done.code == 0, done.said
    assert {row["crawl_status"] for row in done.snapshot()} == {"complete"}
    told = [entry["t"] for entry in replica.entries() if entry["id"] == first and entry["host"] == "api"]
    assert [100 / FACTOR <= later - earlier < 100 for earlier, later in pairwise(told)] == [True]
    assert done.stats()["breaker/change_count/open"] >= 1
    assert "next probe in 60 s" in done.said, "what is said is by the true clock"
