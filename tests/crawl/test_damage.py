"""Bodies that cannot be decompressed are answers like any other: broken ones are retried, bombs are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from n8n_scraper.replica.process import RunningReplica

from .conftest import Crawler


@pytest.mark.parametrize(
    ("kind", "status", "error_kind", "attempts"),
    [("bad_gzip", "complete", None, 2), ("gzip_bomb", "failed", "too_large", 1)],
)
def test_a_damaged_body(
    crawl: Crawler, new_replica: Callable[..., RunningReplica], kind: str, status: str, error_kind: str | None, attempts: int
) -> None:  # fmt: skip
    replica = new_replica(count=2, faults=[{"kind": kind, "id": 1, "route": "detail", "times": 1}])
    [row] = crawl(replica, "ids=1", "page=no").snapshot()
    assert (row["crawl_status"], row["error_kind"], row["attempt_count"]) == (status, error_kind, attempts)
