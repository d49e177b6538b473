from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.scale import figures
from n8n_scraper.scale.criteria import LISTED_COLUMNS
from n8n_scraper.scale.dataset import Dataset, Member
from n8n_scraper.scale.fault_plan import Planned

GOOD = Member(id=1, group="good", why="", crawl_status="complete", least_quality=80.0)
RETRIED = Member(id=2, group="challenging", why="503 ×2", crawl_status="complete", least_quality=80.0)
GONE = Member(id=3, group="edge", why="gone", crawl_status="gone", error_kind="gone")
DATASET = Dataset((GOOD, RETRIED, GONE), {2: Planned("503", "server", 2)})


def row(**changes: Any) -> dict[str, Any]:
    filled = dict.fromkeys(LISTED_COLUMNS, "x")
    whole = {
        "crawl_status": "complete",
        "error_kind": None,
        "error": None,
        "quality_score": 90.0,
        "service_seconds": 1.0,
    }
    return {**filled, **whole, **changes}


ROWS = {1: row(), 2: row(service_seconds=3.0), 3: row(crawl_status="gone", error_kind="gone", quality_score=None)}


def entry(t: float, id: int, status: int = 200, **more: Any) -> dict[str, Any]:
    return {"t": t, "id": id, "host": "api", "status": status, **more}


def test_all_as_expected() -> None:
    found = figures.of_rows(DATASET, ROWS)
    assert {found[name] for name in ("completeness", "classification", "good_quality", "columns")} == {100}
    assert found["service_seconds"] == pytest.approx(5 / 3)


@pytest.mark.parametrize(
    ("id", "changes", "name", "figure"),
    [
        (2, {"crawl_status": "partial", "error_kind": "server"}, "completeness", 50),
        (3, {"crawl_status": "complete", "error_kind": None}, "classification", 200 / 3),
        (3, {"error_kind": "server"}, "classification", 200 / 3),
        (1, {"quality_score": 79.9}, "good_quality", 50),
        (1, {"categories": []}, "columns", 87.5),
        (1, {"views": 0}, "columns", 100),
        (2, {"error": "took more than 900 s (WORKFLOW_TIMEOUT)"}, "watchdog", 1),
    ],
)
def test_one_that_went_wrong_is_seen(id: int, changes: dict[str, Any], name: str, figure: float) -> None:
    assert figures.of_rows(DATASET, {**ROWS, id: row(**changes)})[name] == pytest.approx(figure)


def test_a_missing_row_is_no_success() -> None:
    found = figures.of_rows(DATASET, {1: ROWS[1]})
    assert (found["completeness"], found["classification"]) == (50, pytest.approx(100 / 3))
    assert figures.classify(DATASET.members, {1: ROWS[1]}) == {2: "no row", 3: "no row"}


def test_politeness_and_retries_are_what_the_site_saw() -> None:
    entries = [entry(0, 1), entry(0.5, 2, 503, fault="503"), entry(0.99, 2, 503, fault="503"), entry(1.0, 2)]
    found = figures.of_log(DATASET, entries)
    assert found == {"unplanned_429": 0, "busiest_second": 3, "busiest_ten_seconds": 4, "retries": 100}
    assert figures.of_log(DATASET, entries[:-1])["retries"] == 0
    assert figures.of_log(DATASET, [entry(0, 2)])["retries"] is None, "the fault was never sent"
    assert figures.of_log(DATASET, [*entries, entry(5, 3, 429)])["unplanned_429"] == 1
    assert figures.of_log(DATASET, [*entries, entry(5, 3, 429, fault="429")])["unplanned_429"] == 0


def test_without_anything_measured_there_is_no_figure() -> None:
    assert figures.of_stats([{}]) == {"peak_memory": None, "store_query_p95": None}
    assert figures.of_rows(Dataset((), {}), {})["completeness"] is None
