"""Golden files: tests/fixtures/reports/ has what a report tells of a run, and what becomes of it on paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from types import ModuleType
from typing import Any

import pytest

from n8n_scraper.report import as_html, as_markdown
from n8n_scraper.report.compare import compare
from n8n_scraper.report.run_data import RunData
from n8n_scraper.report.run_report import run_report
from n8n_scraper.report.standing import Group, Standing
from tests.golden import as_lines, assert_golden
from tests.report.conftest import STATS

NewRun = Callable[..., RunData]
LATER = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)
RICH: dict[str, Any] = {
    "exit_code": 4,
    "close_reason": "check_failed",
    "arguments": {"ids": [1, 2], "layers": [1, 2, 3, "media"]},
    "standing": Standing("ended", True, (Group("put off", 2, [101, 102], LATER),)),
    "stats": {
        **STATS,
        "answer/put_off_count": 3,
        "machine/load_average": 1.2,
        "machine/load_average_highest": 2.5,
        "machine/cpu_seconds": 12.5,
        "machine/steal_share": 0.25,
        "rate/most_in_10_seconds": 22,
        "store/write_seconds": 2.5,
        "drift/fields": "detail/categories",
        "drift/withheld_ids": "7,8",
    },
}


def test_all_that_is_told_of_a_run(new_run: NewRun) -> None:
    assert_golden("run.txt", as_lines(run_report(new_run(**RICH))))


def test_all_that_is_told_of_a_run_of_which_little_is_known(new_run: NewRun) -> None:
    little = new_run(
        ended_at=None, close_reason=None, exit_code=None, stats={}, visits=None, settings={}, started_at=None
    )
    assert_golden("run_little_known.txt", as_lines(run_report(little)))


def test_all_that_is_told_of_two_runs(new_run: NewRun) -> None:
    first = new_run()
    failed = {"crawl_status": "failed", "error_kind": "server", "quality_score": None, "content": "none"}
    visits = [visit._replace(**failed if visit.id == 10 else {}) for visit in first.visits or () if visit.id != 12]
    second = new_run(
        run_id="20261124T061500Z-aaaa", visits=visits, settings={"N8N_SCRAPER_BURST": "3"}, stats=RICH["stats"]
    )
    assert_golden("two_runs.txt", as_lines(compare(first, second)))


@pytest.mark.parametrize(("name", "form"), [("run.md", as_markdown), ("run.html", as_html)])
def test_a_report_on_paper(new_run: NewRun, name: str, form: ModuleType) -> None:
    assert_golden(name, form.render(run_report(new_run(**RICH))).replace(as_html.STYLE, ""))
