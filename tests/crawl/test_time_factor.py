"""Compressed time: every wait of a crawl is as many times shorter, and nothing else changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale.audit import COMPARED
from n8n_scraper.scale.fault_plan import Planned, fault_rules

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
    assert "next probe in 3 s" in done.said, "60 by the compressed clock; what is said is by the clock on the wall"


FAULTS = (
    Planned("503", "server", 2),
    Planned("malformed", "malformed", 1),
    Planned("reset", "network", 3),
    Planned("429", "rate_limited", 1),
    Planned("500", "server", None),
    Planned("403", "blocked", None),
    Planned("404", "gone", None),
)


def test_what_happens_is_the_same_by_any_clock(crawl: Crawler, new_replica: Callable[..., RunningReplica]) -> None:
    replica = new_replica(count=16)
    ids = [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]
    plan = dict(zip(ids[1::2], FAULTS, strict=False))
    true, fast = (happened(crawl, replica, plan, factor) for factor in (1, 8))
    assert fast == true
    assert [len(true[0][id]) for id in plan] == [3, 2, 4, 2, 4, 1, 1], "requests of each, at the true clock"


def happened(
    crawl: Crawler, replica: RunningReplica, plan: dict[int, Planned], factor: int
) -> tuple[dict[int, list[Any]], list[dict[str, Any]]]:
    """Answers to each workflow, in their order, and what became of the rows."""
    before = len(replica.entries())
    replica.set_faults(*fault_rules(plan))
    rate = {"N8N_SCRAPER_TIME_FACTOR": factor, "N8N_SCRAPER_REQUESTS_PER_SECOND": 4 * factor}
    done = crawl(replica, "refresh=all", N8N_SCRAPER_BREAKER_THRESHOLD=1000, **rate)
    assert done.code == 0, done.said
    answers: dict[int, list[Any]] = defaultdict(list)
    for entry in replica.entries()[before:]:
        if entry["id"] is not None:
            answers[entry["id"]].append((entry["status"], entry.get("fault")))
    return answers, [
        {name: row[name] for name in (*COMPARED, "attempt_count", "request_count")} for row in done.snapshot()
    ]
