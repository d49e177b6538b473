"""A scale run's folder, made by hand: 40 workflows at the true rate, one of them with a nasty error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.scale.criteria import criteria, judge
from n8n_scraper.scale.run_folder import Outcome, Run, write_results, write_run
from n8n_scraper.scale.samples import as_sample

NASTY = "</td><script>alert(1)</script> | `x` [a](https://evil.example) \u202eevil\x1b[31m\nnext & www.evil.example"
RUN: Run = {
    "name": "run-40",
    "begun_at": "2026-11-23T15:00:00Z",
    "ended_at": "2026-11-23T15:00:40Z",
    "arguments": ["scale", "run", "--size", "40"],
    "rate": 2.0,
    "clock": 1.0,
    "size": 40,
    "layers": "1,2,3",
    "composition": {"group": {"good": 24, "challenging": 12, "edge": 4}},
    "versions": {"scrapy": "2.19.0"},
    "cpu_count": 2,
    "load_before": 0.5,
    "load_after": 0.9,
    "is_disturbed": False,
    "exit_codes": [-9, 0],
    "seconds": 40.0,
    "passed": True,
}
FIGURES: dict[str, float | None] = {
    **dict.fromkeys(("completeness", "classification", "good_quality", "columns", "retries", "resumed"), 100.0),
    **dict.fromkeys(("unplanned_429", "stored_twice", "watchdog", "breaker"), 0.0),
    "service_seconds": 1.0,
    "workflows_per_hour": 3600.0,
    "peak_memory": 200.0,
    "store_query_p95": 5.0,
    "exports": 4.0,
    "exit_code": 0.0,
    "stage_gap": 50.0,
    "busiest_second": 3.0,
    "busiest_ten_seconds": 21.0,
}
STORAGE = {
    "workflows": 38,
    "content_bytes": 400_000,
    "database_bytes": 12_000_000,
    "tables": [{"name": "content", "bytes": 900_000, "index_bytes": 300_000, "rows": 38, "full_reads": 1}],
    "indexes": [
        {
            "table_name": "content",
            "name": "content_search",
            "scans": 0,
            "rows_read": 0,
            "bytes": 2_000_000,
            "is_key": False,
        },
        {"table_name": "content", "name": "content_pkey", "scans": 9, "rows_read": 9, "bytes": 16_000, "is_key": True},
    ],
    "exports": [{"format": "csv", "rows": 40, "bytes": 500_000, "seconds": 0.1}],
    "export_seconds": 0.3,
    "load_average": 0.9,
}


def outcome(id: int, **fields: Any) -> Outcome:
    usual = {
        "id": id,
        "group": "good" if id <= 24 else "challenging" if id <= 36 else "edge",
        "why": "" if id <= 24 else "503 ×2" if id <= 36 else "gone",
        "fault_kind": "server" if 24 < id <= 36 else None,
        "category": "AI",
        "expected_status": "complete",
        "expected_error_kind": None,
        "crawl_status": "complete",
        "error_kind": None,
        "error": None,
        "layers": {"layer1_status": "ok"},
        "quality_score": 90.0,
        "service_seconds": id / 10,
        "attempt_count": 1,
        "request_count": 1,
        "is_as_expected": True,
        "differs": None,
    }
    return {**usual, **fields}  # type: ignore[typeddict-item]  # one is left out on purpose


MEAN_SECONDS = 2.05
"""Of :func:`outcomes`."""


def outcomes(*, wrong: bool = False) -> list[Outcome]:
    """``wrong``: nobody planned that the 37th fails."""
    gone = {"expected_status": "gone", "expected_error_kind": "gone", "crawl_status": "gone", "error_kind": "gone"}
    nasty = {
        "category": NASTY,
        "crawl_status": "failed",
        "error_kind": "server",
        "error": NASTY,
        "quality_score": None,
        **(
            {"is_as_expected": False, "differs": "failed (server), expected complete"}
            if wrong
            else {"expected_status": "failed", "expected_error_kind": "server"}
        ),
    }
    return [
        *(outcome(id) for id in range(1, 37)),
        outcome(37, **nasty),
        *(outcome(id, **gone, quality_score=None) for id in (38, 39, 40)),
    ]


def samples() -> list[dict[str, Any]]:
    """The crawler's CPU is full; nothing is asked for in the first and the last two seconds."""
    return [
        as_sample(
            float(second),
            {
                "requests": 0.0 if second < 2 or second >= 38 else 1.9,
                "crawler_cpu": 95.0,
                "queue": 40 - second,
                "rows": second,
                "crawler_memory": 150.0,
                "foreign_cpu": 1.0,
            },
        )
        for second in range(40)
    ]


NewFolder = Callable[..., Path]


@pytest.fixture
def new_folder(tmp_path: Path) -> NewFolder:
    """``new_folder("name", run={…}, figures={…})``: with what differs from the usual."""

    def make(
        name: str = "run-40", *, run: Any = None, figures: Any = None, na: Any = None, wrong: bool = False
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        write_run(folder, {**RUN, "name": name, **(run or {})})
        counted = {"completeness": 100 * 36 / 37, "classification": 97.5} if wrong else {}
        measured = {**FIGURES, **counted, **(figures or {})}
        verdicts = [one.as_row() for one in judge(criteria(40), measured, na or {})]
        times = measured["service_seconds"] / MEAN_SECONDS
        told = [{**one, "service_seconds": one["service_seconds"] * times} for one in outcomes(wrong=wrong)]
        write_results(folder, verdicts, told, measured)  # type: ignore[arg-type]  # a TypedDict, changed
        (folder / "samples.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in samples()))
        (folder / "storage.json").write_text(json.dumps(STORAGE))
        return folder

    return make
