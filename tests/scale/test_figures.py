from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from n8n_scraper.items import LAYERS, STAGES
from n8n_scraper.scale import figures
from n8n_scraper.scale.attempts import Breaker
from n8n_scraper.scale.criteria import LISTED_COLUMNS
from n8n_scraper.scale.dataset import Dataset, Member
from n8n_scraper.scale.expected import classify
from n8n_scraper.scale.fault_plan import Planned

GOOD = Member(id=1, group="good", why="", crawl_status="complete", least_quality=80.0)
RETRIED = Member(id=2, group="challenging", why="503 ×2", crawl_status="complete", least_quality=80.0)
GONE = Member(id=3, group="edge", why="gone", crawl_status="gone", error_kind="gone")
DATASET = Dataset((GOOD, RETRIED, GONE), {2: Planned("503", "server", 2)})


def row(**changes: Any) -> dict[str, Any]:
    filled = dict.fromkeys(LISTED_COLUMNS, "x")
    whole = {
        "crawl_status": "complete",
        **dict.fromkeys(LAYERS.values(), "ok"),
        **dict.fromkeys(STAGES.values(), "skipped"),
        "error_kind": None,
        "error": None,
        "quality_score": 90.0,
        "service_seconds": 1.0,
    }
    return {**filled, **whole, **changes}


def gone_row() -> dict[str, Any]:
    layers = dict.fromkeys(LAYERS.values(), "gone")
    return row(crawl_status="gone", error_kind="gone", quality_score=None, **layers)


def of_rows(rows: dict[int, dict[str, Any]]) -> dict[str, float | None]:
    return figures.of_rows(DATASET, rows, classify(DATASET.members, rows))


ROWS = {1: row(), 2: row(service_seconds=3.0), 3: gone_row()}


def entry(t: float, id: int, status: int = 200, **more: Any) -> dict[str, Any]:
    return {"t": t, "id": id, "host": "api", "status": status, **more}


def test_all_as_expected() -> None:
    found = of_rows(ROWS)
    assert {found[name] for name in ("completeness", "classification", "good_quality", "columns")} == {100}
    assert found["service_seconds"] == pytest.approx(5 / 3)


@pytest.mark.parametrize(
    ("id", "changes", "name", "figure"),
    [
        (2, {"crawl_status": "partial", "error_kind": "server"}, "completeness", 50),
        (3, {"crawl_status": "complete", "error_kind": None}, "classification", 200 / 3),
        (3, {"error_kind": "server"}, "classification", 200 / 3),
        (1, {"quality_score": 79.9}, "good_quality", 50),
        (1, {"categories": []}, "columns", 0),
        (1, {"categories": []}, "column/categories", 0),
        (1, {"categories": []}, "column/views", 100),
        (1, {"views": 0}, "columns", 100),
        (2, {"error": "took more than 900 s (WORKFLOW_TIMEOUT)"}, "watchdog", 1),
    ],
)
def test_one_that_went_wrong_is_seen(id: int, changes: dict[str, Any], name: str, figure: float) -> None:
    assert of_rows({**ROWS, id: row(**changes)})[name] == pytest.approx(figure)


def test_a_missing_row_is_no_success() -> None:
    found = of_rows({1: ROWS[1]})
    assert (found["completeness"], found["classification"]) == (50, pytest.approx(100 / 3))


def test_politeness_is_what_the_site_saw() -> None:
    entries = [entry(0, 1), entry(0.5, 2, 503, fault="503"), entry(0.99, 2, 503, fault="503"), entry(1.0, 2)]
    assert figures.of_log(entries) == {"unplanned_429": 0, "busiest_second": 3, "busiest_ten_seconds": 4}
    elsewhere = [{**entry(0.6, None), "host": host} for host in ("media", "youtube")]
    assert figures.of_log([*entries, *elsewhere]) == figures.of_log(entries), "their promises are others"
    assert figures.of_log([*entries, entry(5, 3, 429)])["unplanned_429"] == 1
    assert figures.of_log([*entries, entry(5, 3, 429, fault="429")])["unplanned_429"] == 0


@pytest.mark.parametrize(("of_outage", "figure"), [(1, 0), (0, 1), (2, 1)])
def test_plans_are_met_exactly(of_outage: int, figure: float) -> None:
    found = figures.of_attempts(DATASET, {2}, Breaker(4, 1, 0, of_outage))
    assert found == {"retries": pytest.approx(200 / 3), "breaker": figure, "breaker_openings": 4}


def test_examples_are_few() -> None:
    assert figures.examples({}) == ""
    assert figures.examples(dict.fromkeys(range(5), "why")) == "0: why; 1: why; 2: why; and 2 more"


def test_without_anything_measured_there_is_no_figure() -> None:
    assert figures.of_stats([{}]) == {"peak_memory": None, "store_query_p95": None}
    assert figures.of_rows(Dataset((), {}), {}, {})["completeness"] is None
    assert figures.of_gaps([]) == {"stage_gap": None, "stage_gap_pairs": 0, "stage_gap_with_queues": None}


def test_the_worst_column_counts_and_is_named() -> None:
    more = tuple(replace(GOOD, id=id) for id in range(10, 20))
    dataset = Dataset(more, {})
    rows = {member.id: row() for member in more}
    whole = figures.of_rows(dataset, rows, {})
    assert (whole["columns"], figures.worst_columns(whole)) == (100, "")
    rows[10] = row(views=None, url="")
    rows[11] = row(views=None)
    found = figures.of_rows(dataset, rows, {})
    assert (found["columns"], found["column/url"]) == (80, 90)
    assert figures.worst_columns(found) == "views"
