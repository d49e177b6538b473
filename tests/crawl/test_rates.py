"""The promised rate, judged by the log of a replica that answers 429 to whoever is faster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from n8n_scraper.replica.process import RunningReplica, running_replica

from .conftest import Crawl, Crawler

PROMISE = 2
UNEVEN = 0.02
"""Seconds by which what was sent in time arrives unevenly."""
IN_A_SECOND, IN_TEN_SECONDS = 3, 21
"""The contract: what no window of that length exceeds, however busy the machine."""
TRIES = 6
"""Crawls until one arrived evenly: other work on the machine delays some requests, which brings them closer to the next."""

Entries = list[dict[str, Any]]
Polite = tuple[Crawl, Entries]


@pytest.fixture(scope="module")
def strict() -> Iterator[RunningReplica]:
    with running_replica(count=40, latency="0.02-0.1", faults=[{"above": PROMISE, "kind": "429"}]) as replica:
        yield replica


@pytest.fixture(scope="module")
def polite(module_crawl: Crawler, strict: RunningReplica) -> Polite:
    """A crawl at the promised rate, with what the replica noted of it."""
    for _ in range(TRIES):
        before = len(strict.entries())
        done = module_crawl(strict, "limit=10", "refresh=all", N8N_SCRAPER_REQUESTS_PER_SECOND=PROMISE)
        assert done.code == 0, done.said
        entries = strict.entries()[before:]
        assert busiest(entries, 1) <= IN_A_SECOND
        assert busiest(entries, 10) <= IN_TEN_SECONDS
        if is_even(entries):
            break
    return done, entries


def busiest(entries: Entries, seconds: float) -> int:
    """The most requests that arrived within so many seconds, over both hosts."""
    moments = [entry["t"] for entry in entries]
    return max(sum(start <= other < start + seconds for other in moments) for start in moments)


def is_even(entries: Entries) -> bool:
    span = entries[-1]["t"] - entries[0]["t"]
    return (
        busiest(entries, 1 - UNEVEN) <= PROMISE
        and busiest(entries, 10 - UNEVEN) <= 10 * PROMISE
        and len(entries) - 1 <= PROMISE * (span + UNEVEN)
    )


def test_rate_limit_enforced(polite: Polite) -> None:
    _, entries = polite
    assert len(entries) >= 14
    assert is_even(entries)


def test_zero_429_errors(polite: Polite) -> None:
    done, entries = polite
    assert {entry["status"] for entry in entries} == {200}
    assert "rate/limited_count" not in done.stats()


def test_multi_domain_limiting(polite: Polite) -> None:
    """Both hosts were asked, and the windows above are over both."""
    _, entries = polite
    by_host = Counter(entry["host"] for entry in entries)
    assert by_host.keys() == {"site", "api"}
    assert min(by_host.values()) >= 3


def test_rate_limit_monitoring(polite: Polite) -> None:
    done, entries = polite
    stats = done.stats()
    assert stats["rate/request_count"] == len(entries)
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
    strict.set_faults({"above": 5, "kind": "429", "retry_after": 1})
    done = crawl(strict, "limit=15", N8N_SCRAPER_REQUESTS_PER_SECOND=20)
    strict.set_faults({"above": PROMISE, "kind": "429"})
    assert done.code == 0, done.said
    assert done.stats()["rate/limited_count"] > 0
    assert done.stats()["rate/lowest_per_second"] < 20
    assert {row["crawl_status"] for row in done.snapshot()} == {"complete"}
    assert len(done.snapshot()) == 15
