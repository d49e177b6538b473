"""One crawl past every kind of fault: what is retried, when, how often, and what becomes of the rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from n8n_scraper.failures import KINDS
from n8n_scraper.politeness.backoff import JITTER, RETRY_WAITS
from n8n_scraper.replica.process import running_replica
from n8n_scraper.scale.fault_plan import Planned, every_fault, fault_rules

from .conftest import Crawler

COUNT = 150
"""Far more good ones than faulty ones, else the breaker rightly takes the site for broken."""
LATE = 2.5
"""Seconds that a busy machine may add to a wait."""


class Faulty(NamedTuple):
    plan: dict[int, Planned]
    rows: dict[int, dict[str, Any]]
    requests: dict[int, list[dict[str, Any]]]
    """Lines of the access log, by workflow."""
    entries: list[dict[str, Any]]
    stats: dict[str, Any]
    said: str


@pytest.fixture(scope="module")
def faulty(module_crawl: Crawler) -> Faulty:
    faults = [*every_fault(), Planned("429", "rate_limited", 1)]
    with running_replica(count=COUNT, latency="0.01-0.05") as replica:
        ids = [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]
        plan = dict(zip(ids[5::3], faults, strict=False))
        assert len(plan) == len(faults)
        [patient] = [id for id, planned in plan.items() if planned == faults[-1]][-1:]
        rules = fault_rules({id: planned for id, planned in plan.items() if id != patient})
        rules.append({"id": patient, "route": "detail", "kind": "429", "times": 1, "retry_after": "3"})
        replica.set_faults(*rules)
        done = module_crawl(
            replica,
            DOWNLOAD_TIMEOUT=3,
            N8N_SCRAPER_BREAKER_THRESHOLD=1000,
            N8N_SCRAPER_BREAKER_COOLDOWN=0.1,
        )
        assert done.code == 0, done.said
        requests = defaultdict(list)
        for entry in replica.entries():
            if entry["host"] == "api" and entry["id"] is not None:
                requests[entry["id"]].append(entry)
        return Faulty(
            plan, {row["id"]: row for row in done.snapshot()}, requests, replica.entries(), done.stats(), done.said
        )


def ids_of(faulty: Faulty, *kinds: str, lasting: bool) -> list[int]:
    return [
        id for id, planned in faulty.plan.items() if planned.kind in kinds and (planned.times is None) == lasting
    ]  # fmt: skip


def gaps(faulty: Faulty, id: int) -> list[float]:
    moments = [entry["t"] for entry in faulty.requests[id]]
    return [later - earlier for earlier, later in pairwise(moments)]


def test_every_fault_is_taken_for_what_it_is(faulty: Faulty) -> None:
    observed = {id: row["error_kind"] for id, row in faulty.rows.items()}
    assert observed == {id: faulty.plan[id].error_kind if id in faulty.plan else None for id in faulty.rows}
    assert len(faulty.rows) == COUNT


def test_retry_on_network_error(faulty: Faulty) -> None:
    ids = ids_of(faulty, "network", "timeout", "server", "malformed", "rate_limited", lasting=False)
    assert len(ids) >= 12
    for id in ids:
        times = faulty.plan[id].times
        assert times is not None
        assert faulty.rows[id]["crawl_status"] == "complete", faulty.plan[id]
        assert faulty.rows[id]["attempt_count"] == len(faulty.requests[id])
        if faulty.plan[id].fault != "reset_kept_alive":  # that one needs a connection that was used before
            assert len(faulty.requests[id]) == 1 + times, faulty.plan[id]


def test_exponential_backoff(faulty: Faulty) -> None:
    for id in ids_of(faulty, "server", lasting=True):
        waits = gaps(faulty, id)
        assert len(waits) == 3
        for wait, wanted in zip(waits, RETRY_WAITS, strict=True):
            assert wanted <= wait <= wanted * (1 + JITTER) + LATE


def test_a_wait_that_the_site_asks_for_is_kept(faulty: Faulty) -> None:
    [patient] = [id for id, planned in faulty.plan.items() if planned.fault == "429" and planned.times == 1][-1:]
    assert 3 <= gaps(faulty, patient)[0] <= 3 * (1 + JITTER) + LATE


def test_max_attempts_respected(faulty: Faulty) -> None:
    retried = [kind.name for kind in KINDS.values() if kind.retried]
    ids = ids_of(faulty, *retried, lasting=True)
    assert len(ids) >= 12
    assert {len(faulty.requests[id]) for id in ids} == {1 + len(RETRY_WAITS)}
    assert {faulty.rows[id]["crawl_status"] for id in ids} == {"failed"}
    assert {faulty.rows[id]["attempt_count"] for id in ids} == {1 + len(RETRY_WAITS)}


def test_non_retryable_errors(faulty: Faulty) -> None:
    final = [kind.name for kind in KINDS.values() if not kind.retried]
    ids = ids_of(faulty, *final, lasting=True)
    assert len(ids) >= 12
    assert {len(faulty.requests[id]) for id in ids} == {1}
    statuses = {faulty.plan[id].kind: faulty.rows[id]["crawl_status"] for id in ids}
    assert statuses == {"gone": "gone", "blocked": "failed", "too_large": "failed", "unexpected": "failed"}


def test_statistics_accuracy(faulty: Faulty) -> None:
    """stats.json against the replica's access log and the rows."""
    stats, rows = faulty.stats, faulty.rows.values()
    assert stats["workflow/item_count"] == len(rows) == stats["run/planned_count"]
    for status, count in Counter(row["crawl_status"] for row in rows).items():
        assert stats[f"workflow/item_count/{status}"] == count
    for kind, count in Counter(row["error_kind"] for row in rows if row["error_kind"]).items():
        assert stats[f"workflow/failure_count/{kind}"] == count
    assert stats["downloader/request_count"] == len(faulty.entries) == stats["rate/request_count"]
    answered = Counter(entry["status"] for entry in faulty.entries)
    for status in (404, 429, 500, 503):
        assert stats[f"downloader/response_status_count/{status}"] == answered[status]
    kind_of = {planned.fault: planned.kind for planned in every_fault()}
    sent = Counter(kind_of[entry["fault"]] for entry in faulty.entries if "fault" in entry)
    del sent[None]
    assert {kind: stats[f"answer/{kind}_count"] for kind in sent} == sent
    assert stats["answer/retry_count"] == sum(len(asked) - 1 for asked in faulty.requests.values())
    assert sum(row["request_count"] for row in rows) == sum(map(len, faulty.requests.values()))
