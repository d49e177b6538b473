"""The promised rate, judged by the log of a replica that answers 429 to whoever is faster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from n8n_scraper.politeness.gate import MISSED_AFTER
from n8n_scraper.replica.process import RunningReplica, running_replica

from .conftest import Crawl, Crawler

PROMISE = 2
IN_A_SECOND, IN_TEN_SECONDS = 3, 21
"""What no window of that length may exceed: what was sent in time may arrive unevenly."""


@pytest.fixture(scope="module")
def strict() -> Iterator[RunningReplica]:
    with running_replica(count=40, latency="0.02-0.1", faults=[{"above": PROMISE, "kind": "429"}]) as replica:
        yield replica


@pytest.fixture(scope="module")
def polite(module_crawl: Crawler, strict: RunningReplica) -> tuple[Crawl, dict[str, Any], list[dict[str, Any]]]:
    """A crawl at the promised rate, with the replica's figures of it."""
    done = module_crawl(strict, "limit=10", N8N_SCRAPER_REQUESTS_PER_SECOND=PROMISE)
    assert done.code == 0, done.said
    return done, strict.stats(), strict.entries()


Polite = tuple[Crawl, dict[str, Any], list[dict[str, Any]]]


def busiest(entries: list[dict[str, Any]], seconds: float) -> int:
    """The most requests that arrived within so many seconds, over both hosts."""
    moments = [entry["t"] for entry in entries]
    return max(sum(start <= other < start + seconds for other in moments) for start in moments)


def test_rate_limit_enforced(polite: Polite) -> None:
    _, traffic, entries = polite
    assert traffic["requests"] >= 14
    assert busiest(entries, 1) <= IN_A_SECOND
    assert traffic["max_in_10s"] <= IN_TEN_SECONDS
    span = entries[-1]["t"] - entries[0]["t"]
    assert len(entries) - 1 <= PROMISE * (span + MISSED_AFTER)


def test_zero_429_errors(polite: Polite) -> None:
    done, traffic, _ = polite
    assert traffic["by_status"] == {"200": traffic["requests"]}
    assert "rate/limited_count" not in done.stats()


def test_multi_domain_limiting(polite: Polite) -> None:
    """Both hosts were asked, and the windows above are over both."""
    _, traffic, entries = polite
    assert min(traffic["by_host"].values()) >= 3
    assert {entry["host"] for entry in entries} == {"site", "api"}
    assert busiest(entries, 1) <= IN_A_SECOND


def test_rate_limit_monitoring(polite: Polite) -> None:
    done, traffic, _ = polite
    stats = done.stats()
    assert stats["rate/request_count"] == traffic["requests"]
    assert stats["rate/per_second"] == stats["rate/lowest_per_second"] == PROMISE
    assert stats["rate/wait_seconds"] > 0


def test_burst_handling(crawl: Crawler, strict: RunningReplica) -> None:
    """Who was told that bursts are welcome sends some at once, and no more in the long run."""
    before = len(strict.entries())
    strict.set_faults()
    done = crawl(strict, "limit=10", N8N_SCRAPER_REQUESTS_PER_SECOND=PROMISE, N8N_SCRAPER_BURST=3)
    strict.set_faults({"above": PROMISE, "kind": "429"})
    assert done.code == 0, done.said
    entries = strict.entries()[before:]
    assert PROMISE < busiest(entries, 1) <= PROMISE + 3
    assert len(entries) <= PROMISE * (entries[-1]["t"] - entries[0]["t"]) + 3 + 1


def test_who_is_too_fast_is_told_slows_down_and_loses_nothing(crawl: Crawler, strict: RunningReplica) -> None:
    """What the tests above would see without the gate."""
    strict.set_faults({"above": PROMISE, "kind": "429", "retry_after": 1, "at_most": 3})
    done = crawl(strict, "limit=15", N8N_SCRAPER_REQUESTS_PER_SECOND=20)
    strict.set_faults({"above": PROMISE, "kind": "429"})
    assert done.code == 0, done.said
    assert done.stats()["rate/limited_count"] > 0
    assert done.stats()["rate/lowest_per_second"] < 20
    assert {row["crawl_status"] for row in done.snapshot()} == {"complete"}
    assert len(done.snapshot()) == 15
