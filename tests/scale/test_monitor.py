"""A real crawl with a sampler beside it: what it counts is what the others counted."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.replica.process import running_replica
from n8n_scraper.scale import monitor, store_probe
from n8n_scraper.scale.killed_job import Kill, KilledJob
from n8n_scraper.scale.moments import at_rows
from n8n_scraper.scale.samples import NAMES, mean, most, read_samples
from n8n_scraper.scale.trial import Trial

COUNT = 60


def _total(samples: list[dict[str, Any]], name: str) -> float:
    """A rate times the seconds it is of."""
    total, before = 0.0, 0.0
    for sample in samples:
        total += (sample[name] or 0) * (sample["t"] - before)
        before = sample["t"]
    return total


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], int]:
    """Samples of a crawl that was killed in the middle and went on, and the number of requests."""
    folder: Path = tmp_path_factory.mktemp("watched")
    with running_replica(count=COUNT, latency="0.05-0.1") as replica:
        trial = Trial(folder, replica, {**monitor.SETTINGS, "N8N_SCRAPER_REQUESTS_PER_SECOND": 20})
        try:
            store_probe.count_queries(trial)
            with monitor.watched(trial, folder):
                job = KilledJob(trial)
                assert isinstance(job.disturb("SIGKILL", at_rows(COUNT // 3)), Kill)
                assert job.finish().exit_code == 0
            return read_samples(folder / "samples.jsonl"), len(replica.entries())
        finally:
            trial.close()


def test_every_sample_is_complete(sampled: tuple[list[dict[str, Any]], int]) -> None:
    samples, _ = sampled
    assert all(list(sample) == ["t", *NAMES] for sample in samples)
    assert all(later["t"] > earlier["t"] for earlier, later in pairwise(samples))
    never = {name for name in NAMES if not any(sample[name] is not None for sample in samples)}
    assert never <= {"foreign_cpu", "foreign"}  # on a machine that is too slow to tell


def test_requests_and_rows_are_those_of_log_and_store(sampled: tuple[list[dict[str, Any]], int]) -> None:
    samples, requests = sampled
    assert 0.9 * requests <= _total(samples, "requests") <= requests + 0.1  # the last ones came after the last sample
    assert most(samples, "rows") == COUNT
    assert most(samples, "queue") <= COUNT
    assert min(sample["queue"] for sample in samples if sample["queue"] is not None) == 0


def test_crawler_and_postgres_are_told_apart(sampled: tuple[list[dict[str, Any]], int]) -> None:
    samples, _ = sampled
    assert most(samples, "crawler_processes") == 1
    assert 50 < (most(samples, "crawler_memory") or 0) < 500
    assert 5 < (most(samples, "postgres_memory") or 0) < 200
    assert most(samples, "crawler_cpu") > most(samples, "postgres_cpu") > 0
    assert most(samples, "limiter_wait") > 0
    assert 0 < mean(samples, "query_time") < 1000


def test_where_no_server_runs_nothing_is_said_of_it(sampled: tuple[list[dict[str, Any]], int]) -> None:
    samples, _ = sampled
    for sample in samples:
        if sample["postgres_memory"] is None:
            assert sample["postgres_cpu"] is None
            assert sample["replica_cpu"] is not None or sample is samples[0]
