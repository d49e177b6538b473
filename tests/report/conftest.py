"""A run as the ledger has it, with titles that nobody would want in a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from n8n_scraper.report.run_data import RunData, Visited

START = datetime(2026, 11, 23, 6, 15, tzinfo=timezone.utc)
NASTY = "</td><script>alert(1)</script> | `x` [a](https://evil.example) \u202eevil\x1b[31m\nnext & www.evil.example"
STATS = {
    "run/planned_count": 100,
    "run/sitemap_count": 0,
    "drift/field_count": 0,
    "workflow/item_count": 100,
    "workflow/failure_count/server": 4,
    "workflow/failure_count/gone": 2,
    "rate/request_count": 130,
    "rate/wait_seconds": 65.0,
    "rate/lowest_per_second": 1.0,
    "rate/limited_count": 1,
    "answer/ok_count": 96,
    "answer/server_count": 16,
    "answer/retry_count": 12,
    "breaker/change_count/open": 1,
    "breaker/open_seconds": 30.0,
    "column/row_count": 94,
    "column/filled_count/name": 94,
    "column/expected_count/name": 94,
    "column/expected_count/views": 94,
    "column/missing_count/views": 47,
    "machine/load_average_highest": 1.5,
    "machine/cpu_count": 2,
}


def visited(id: int, **fields: Any) -> Visited:
    usual = {
        "committed_at": START + timedelta(seconds=id),
        "crawl_status": "complete",
        "layer_statuses": ("ok", "ok", "ok"),
        "content": "new",
        "turn": None,
        "error_kind": None,
        "error": None,
        "quality_score": 85.0,
        "attempt_count": 1,
        "request_count": 1,
        "service_seconds": id / 100,
        "name": f"Title {id}",
    }
    return Visited(id=id, **{**usual, **fields})


@pytest.fixture
def new_run() -> Callable[..., RunData]:
    """A run of 100 workflows: 94 complete (one of them changed), 2 gone, 4 failed."""

    def make(**fields: Any) -> RunData:
        lost = {"content": "none", "quality_score": None}
        failed = {
            "crawl_status": "failed",
            "layer_statuses": ("failed",) * 3,
            "error_kind": "server",
            "error": "status 500",
        }
        gone = {"crawl_status": "gone", "layer_statuses": ("gone",) * 3, "error_kind": "gone", "turn": "gone"}
        visits = [visited(1, name=NASTY, content="changed"), *(visited(id) for id in range(2, 95))]
        visits += [visited(id, **lost, **gone) for id in (95, 96)]
        visits += [visited(id, **lost, **failed, name=NASTY) for id in range(97, 101)]
        usual: dict[str, Any] = {
            "run_id": "20261123T061500Z-3f2a",
            "arguments": {"ids": None, "layers": [1, 2, 3]},
            "settings": {"N8N_SCRAPER_REQUESTS_PER_SECOND": "2.0"},
            "versions": {"scrapy": "2.19.0"},
            "started_at": START,
            "ended_at": START + timedelta(seconds=100),
            "close_reason": "finished",
            "exit_code": 0,
            "stats": STATS,
            "visits": visits,
        }
        return RunData(**{**usual, **fields})

    return make
