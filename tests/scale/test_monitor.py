"""A real crawl with a sampler beside it: what it counts is what the others counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import psycopg2
import pytest

from n8n_scraper.replica.process import running_replica
from n8n_scraper.scale import monitor, store_probe, watched_run
from n8n_scraper.scale.killed_job import Kill, KilledJob
from n8n_scraper.scale.moments import at_rows
from n8n_scraper.scale.samples import FOREIGN_CPU, NAMES, mean, most, read_samples
from n8n_scraper.scale.store_quality import SCORE_STEP, StoreQuality, read_quality
from n8n_scraper.scale.trial import Trial

from ..waiting import PATIENCE

ROOT = Path(__file__).parents[2]
COUNT = 60


def _watch(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scrapy", "scale", "watch", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def _total(samples: list[dict[str, Any]], name: str) -> float:
    """A rate times the seconds it is of."""
    total, before = 0.0, 0.0
    for sample in samples:
        total += (sample[name] or 0) * (sample["t"] - before)
        before = sample["t"]
    return total


class Sampled(NamedTuple):
    """``said`` by who watched from outside; ``rows`` and ``quality`` of the store at the end."""

    samples: list[dict[str, Any]]
    requests: int
    said: str
    rows: list[dict[str, Any]]
    quality: StoreQuality
    after: dict[str, float | None]
    """What is sampled when nothing runs any more."""


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Sampled:
    """A crawl that was killed in the middle and went on."""
    folder: Path = tmp_path_factory.mktemp("watched")
    with running_replica(count=COUNT, latency="0.05-0.1") as replica:
        trial = Trial(folder, replica, {**monitor.SETTINGS, "N8N_SCRAPER_REQUESTS_PER_SECOND": 20})
        try:
            store_probe.count_queries(trial)
            with trial.store(), monitor.watched(trial, folder):  # its server goes on until the last sample
                watch = _watch(folder)
                job = KilledJob(trial)
                assert isinstance(job.disturb("SIGKILL", at_rows(COUNT // 3)), Kill)
                assert job.finish().exit_code == 0
            said, _ = watch.communicate(timeout=PATIENCE)
            assert watch.returncode == 0
            with trial.store() as dsn, closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
                quality = read_quality(cursor)
            rows = trial.rows("select * from workflow_rows")
            after = monitor.Sampler(trial).sample()
            requests = len(replica.entries())
            return Sampled(read_samples(folder / "samples.jsonl"), requests, said, rows, quality, after)
        finally:
            trial.close()


def test_every_sample_is_complete(sampled: Sampled) -> None:
    samples = sampled.samples
    assert all(list(sample) == ["t", *NAMES] for sample in samples)
    assert all(later["t"] > earlier["t"] for earlier, later in pairwise(samples))
    never = {name for name in NAMES if not any(sample[name] is not None for sample in samples)}
    assert never <= {"foreign_cpu", "foreign"}  # on a machine that is too slow to tell


def test_requests_and_rows_are_those_of_log_and_store(sampled: Sampled) -> None:
    samples, requests = sampled.samples, sampled.requests
    assert 0.9 * requests <= _total(samples, "requests") <= requests + 0.1  # the last ones came after the last sample
    assert most(samples, "rows") == COUNT
    assert most(samples, "queue") <= COUNT
    assert min(sample["queue"] for sample in samples if sample["queue"] is not None) == 0


def test_crawler_and_postgres_are_told_apart(sampled: Sampled) -> None:
    samples = sampled.samples
    assert most(samples, "crawler_processes") == 1
    assert 50 < (most(samples, "crawler_memory") or 0) < 500
    assert 5 < (most(samples, "postgres_memory") or 0) < 200
    assert most(samples, "crawler_cpu") > most(samples, "postgres_cpu") > 0
    assert most(samples, "limiter_wait") > 0
    assert 0 < mean(samples, "query_time") < 1000


def test_of_what_does_not_run_nothing_is_said(sampled: Sampled) -> None:
    named = {name for name in NAMES if sampled.after.get(name) is not None}
    assert named == {"load_average"}  # and no rate is known at a first look


def test_another_terminal_sees_it_and_its_end(sampled: Sampled) -> None:
    *lines, last = sampled.said.splitlines()
    assert any("requests/s" in line and "rows ·" in line for line in lines), sampled.said
    assert last.startswith("Ended: sampled for ")


def test_quality_is_that_of_the_rows(sampled: Sampled) -> None:
    rows, quality = sampled.rows, sampled.quality
    assert quality.statuses == Counter(row["crawl_status"] for row in rows)
    assert quality.failures == Counter(row["error_kind"] for row in rows if row["error_kind"] not in {None, "gone"})
    scores = [row["quality_score"] for row in rows if row["quality_score"] is not None]
    assert quality.mean_score == pytest.approx(sum(scores) / len(scores))
    assert quality.scores == Counter(min(score // SCORE_STEP * SCORE_STEP, 80) for score in scores)
    asked = [row["layer3_status"] for row in rows if row["layer3_status"] != "skipped"]
    assert quality.layers["layer3"] == asked.count("ok") / len(asked)
    with_content = [row for row in rows if row["name"] is not None]
    assert quality.columns["categories"] == sum(bool(row["categories"]) for row in with_content) / len(with_content)
    assert quality.completeness == quality.statuses["complete"] / len(rows)


def test_sampling_that_breaks_off_is_no_secret(tmp_path: Path) -> None:
    with running_replica(count=1) as replica:
        watching = monitor.watched(Trial(tmp_path, replica), tmp_path)
        watching.__enter__()
        replica.access_log.rename(tmp_path / "elsewhere")
        with pytest.raises(FileNotFoundError):
            watching.__exit__(None, None, None)
    assert watched_run.read(tmp_path).ended


BUSY = "import time; end = time.monotonic() + 30\nwhile time.monotonic() < end: pass"


def test_a_process_that_is_nobodys_of_ours_is_foreign(tmp_path: Path) -> None:
    start = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {BUSY!r}], stdout=-3).pid)"
    orphan = int(subprocess.check_output([sys.executable, "-c", start], text=True, timeout=PATIENCE))
    try:
        with running_replica(count=1) as replica:
            sampler = monitor.Sampler(Trial(tmp_path, replica))
            sampler.sample()
            time.sleep(1.5)
            assert sampler.sample()["foreign_cpu"] > FOREIGN_CPU
    finally:
        os.kill(orphan, signal.SIGKILL)


def test_a_crawl_is_not_foreign(tmp_path: Path) -> None:
    with running_replica(count=1) as replica, subprocess.Popen([sys.executable, "-c", BUSY]) as crawl:
        sampler = monitor.Sampler(Trial(tmp_path, replica, _crawls=[crawl]))
        sampler.sample()
        time.sleep(1.5)
        found = sampler.sample()
        crawl.kill()
    cores = psutil.cpu_count()
    assert found["crawler_cpu"] > 1
    assert found["foreign_cpu"] <= cores * found["machine_cpu"] - found["crawler_cpu"] + 1
