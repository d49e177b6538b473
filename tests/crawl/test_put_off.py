"""A long Retry-After leaves workflows to a later run, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from n8n_scraper.replica.process import RunningReplica

from .conftest import Crawler


def test_a_long_wait_is_left_to_a_later_run(
    crawl: Crawler, new_replica: Callable[..., RunningReplica], tmp_path: Path
) -> None:
    faults = [{"kind": "503", "id": [1, 2], "route": "detail", "times": 1, "retry_after": 1000}]
    replica = new_replica(count=5, traps=0, faults=faults)
    first = crawl(replica, JOBDIR=tmp_path / "job")
    assert first.code == 3
    assert "2 workflows are left to a later run" in first.said
    assert len(first.snapshot()) == 3
    early = crawl(replica, JOBDIR=tmp_path / "job")
    assert early.code == 3
    assert "2 workflows are left to a later run" in early.said
    crawl.query("update job_ids set not_before = now()")
    last = crawl(replica, JOBDIR=tmp_path / "job")
    assert last.code == 0, last.said
    assert [row["crawl_status"] for row in last.snapshot()] == ["complete"] * 5
