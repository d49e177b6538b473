"""The report of a run: figures, verdict, what is not known, and that nothing from outside gets out of its cell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from n8n_scraper.report import as_html, as_json, as_markdown
from n8n_scraper.report.document import Bars, Document, Figures, Line, Section
from n8n_scraper.report.run_data import RunData
from n8n_scraper.report.run_report import run_report
from n8n_scraper.report.run_timing import politeness_section
from n8n_scraper.report.standing import Group, Standing
from tests.report.conftest import START

NewRun = Callable[..., RunData]


def figures(run: RunData) -> dict[str, Any]:
    """Sections of report.json."""
    sections: dict[str, Any] = json.loads(as_json.render(run_report(run)))["sections"]
    return sections


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_figures_are_those_of_the_run(new_run: NewRun) -> None:
    told = figures(new_run())
    assert told["summary"]["summary"] == {
        "planned": 100,
        "visited": 100,
        "complete": 94,
        "partial": 0,
        "gone": 2,
        "failed": 4,
        "duration": 100.0,
        "requests": 130,
        "service_p95": 0.95,
        "quality_median": 85.0,
    }
    assert told["time"]["service"] == {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    assert told["time"]["waiting"]["rate_wait"] == 65.0
    assert told["time"]["waiting"]["rate_wait_mean"] == 0.5
    assert told["requests"]["rate"]["mean_rate"] == 1.3
    assert told["requests"]["rate"]["promised_rate"] == 2.0
    assert told["requests"]["rate"]["breaker_opened"] == 1
    assert told["requests"]["rate"]["retries"] == 12
    assert told["outcomes"]["statuses"]["2 workflow JSON"] == {
        "ok": 94,
        "missing": 0,
        "gone": 2,
        "blocked": 0,
        "disallowed": 0,
        "failed": 4,
        "skipped": 0,
    }
    assert told["outcomes"]["failures"][0]["ids"] == [97, 98, 99, 100]
    assert told["changes"]["counts"] == {"new": 93, "changed": 1, "gone": 2, "back": 0}
    assert told["completeness"]["must_have"] == {"name": 1.0, "views": 0.5}
    assert sum(told["quality"]["distribution"].values()) == 94


@pytest.mark.parametrize(
    ("settings", "most", "tone", "note"),
    [
        ({"REQUESTS_PER_SECOND": "2.0"}, 21, "plain", "the promise allows 21"),
        ({"REQUESTS_PER_SECOND": "2.0"}, 22, "bad", "the promise allows 21"),
        ({"REQUESTS_PER_SECOND": "0.55", "BURST": "3"}, 8, "plain", "the promise allows 8"),
        ({"REQUESTS_PER_SECOND": "0.55", "BURST": "3"}, 9, "bad", "the promise allows 8"),
        ({"REQUESTS_PER_SECOND": "0"}, 500, "plain", ""),
        ({}, 500, "plain", ""),
    ],
)
def test_the_most_in_ten_seconds_is_judged_by_the_promise_and_its_burst(
    new_run: NewRun, settings: dict[str, str], most: int, tone: str, note: str
) -> None:
    given = {f"N8N_SCRAPER_{name}": value for name, value in settings.items()}
    run = new_run(settings=given, stats={"rate/most_in_10_seconds": most})
    told = politeness_section(run).blocks[0]
    assert isinstance(told, Figures)
    figure = next(figure for figure in told.figures if figure.key == "most_in_10_seconds")
    assert (figure.value, figure.tone, figure.note) == (most, tone, note)


def test_a_clock_that_went_back_makes_no_time_less_than_none(new_run: NewRun) -> None:
    assert new_run(ended_at=START - timedelta(seconds=5)).seconds == 0.0


def test_of_a_long_line_ten_points_are_told_in_words() -> None:
    points = tuple((60.0 * minute, float(minute)) for minute in range(1, 111))
    line = Line("rate", "Rate", "a minute", points, None, "")
    text = as_markdown.render(Document("run", "Run", "", "good", (Section("s", "S", (line,)),)))
    assert re.findall(r"\| (\d+) \| █", text) == [str(minute) for minute in range(11, 111, 11)]


def test_the_verdict_names_the_failed_checks(new_run: NewRun) -> None:
    document = run_report(new_run(close_reason="check_failed", exit_code=4))
    assert document.tone == "bad"
    assert "completeness/views is 0.5, must be >= 0.95" in document.verdict
    assert "failed is" not in document.verdict
    verdicts = {row["check"]: row["verdict"] for row in figures(new_run())["checks"]["checks"]}
    assert verdicts["failed"] == "passed"
    assert verdicts["completeness/views"] == "failed"
    assert verdicts["completeness/workflow"] == "failed", "its stat is missing"
    assert verdicts["sitemap"] == "not judged"


def test_a_drift_names_its_fields(new_run: NewRun) -> None:
    drift = {"drift/field_count": 1, "drift/fields": "detail/categories", "drift/withheld_count": 10}
    drift["drift/withheld_ids"] = "7,8,9"
    run = new_run(close_reason="structure_drift", exit_code=4)
    document = run_report(replace(run, stats={**run.stats, **drift}))
    assert (
        "structure is 1, must be <= 0 (drift/field_count), missing: detail/categories; 10 workflows" in document.verdict
    )
    assert figures(replace(run, stats={**run.stats, **drift}))["outcomes"]["withheld"][0]["ids"] == [7, 8, 9]


def test_thresholds_are_those_of_the_run(new_run: NewRun) -> None:
    off = {"N8N_SCRAPER_CHECKS": "off"}
    document = run_report(new_run(settings=off))
    assert document.tone == "good"
    assert document.verdict.endswith("No check was in force.")
    of_another_version = {"N8N_SCRAPER_CHECKS": "no_such_check<=1"}
    assert len(figures(new_run(settings=of_another_version))["checks"]["checks"]) > 10


def test_a_run_that_was_killed_has_rows_and_no_stats(new_run: NewRun) -> None:
    killed = new_run(ended_at=None, close_reason=None, exit_code=None, stats={})
    told = figures(killed)
    assert "no end in the ledger" in run_report(killed).verdict
    assert told["summary"]["summary"]["visited"] == 100
    assert told["summary"]["summary"]["requests"] is None
    assert "no_data" in told["checks"]["checks"]
    assert "no_data" in told["completeness"]["columns"]
    assert told["throughput"]["workflows_per_minute"]["points"]
    assert "no data" in as_html.render(run_report(killed))
    assert "no data" in as_markdown.render(run_report(killed))


def test_a_run_that_was_killed_says_what_it_left_and_why(new_run: NewRun) -> None:
    later = datetime(2099, 1, 2, 3, 4, tzinfo=timezone.utc)
    left = (Group("not asked", 2, [101, 102]), Group("put off", 1, [103], later))
    dead = Standing("dead: it never ended, and process 7 on here is gone; last sign of life 5 min ago", True, left)
    killed = new_run(ended_at=None, close_reason=None, exit_code=None, stats={}, standing=dead)
    verdict = run_report(killed).verdict
    assert "It is dead: it never ended, and process 7 on here is gone; last sign of life 5 min ago." in verdict
    assert "94 complete, 2 gone, 4 failed. Left: 2 not asked, 1 put off." in verdict
    assert figures(killed)["left"]["left"] == [
        {"reason": "not asked", "count": 2, "until": None, "ids": [101, 102]},
        {"reason": "put off", "count": 1, "until": "2099-01-02T03:04:00Z", "ids": [103]},
    ]
    assert all(render(run_report(killed)) for render in (as_html.render, as_markdown.render))
    went_on = new_run(standing=Standing("ended", False, ()))
    assert figures(went_on)["left"]["notes"] == ["A later run went on with its job, or the job was deleted."]


def test_without_the_store_the_stats_are_left(new_run: NewRun) -> None:
    told = figures(new_run(visits=None))
    assert told["summary"]["summary"]["visited"] is None
    assert told["requests"]["rate"]["requests"] == 130
    for section, key in (("outcomes", "rows"), ("time", "service"), ("changes", "changes"), ("quality", "scores")):
        assert "no_data" in told[section][key]


def test_a_run_that_brought_nothing_can_be_shown(new_run: NewRun) -> None:
    document = run_report(RunData(run_id="20261123T061500Z-0000", visits=[]))
    assert all(render(document) for render in (as_html.render, as_json.render, as_markdown.render))
    assert all(f"{bad}<" not in as_html.render(document) for bad in ("nan", "None"))


def test_the_page_needs_nothing_from_elsewhere_and_no_script(new_run: NewRun) -> None:
    page = Page(as_html.render(run_report(new_run())))
    tags = {tag for tag, _ in page.tags}
    assert {"svg", "table", "style"} <= tags
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name == "src" for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in as_html.STYLE
    assert "@import" not in as_html.STYLE


def test_stages_are_told_where_they_were_asked_for_or_something_came(new_run: NewRun) -> None:
    asked = figures(new_run(arguments={"layers": [1, "media"]}))["outcomes"]["statuses"]
    assert asked["media"]["skipped"] == 100
    assert "transcripts" not in asked
    seen = [visit._replace(stage_statuses=(None, "ok")) for visit in new_run().visits or ()]
    assert figures(new_run(visits=seen))["outcomes"]["statuses"]["transcripts"]["ok"] == 100


def test_what_the_stats_do_not_have_is_said(new_run: NewRun) -> None:
    page = as_html.render(run_report(new_run(stats={"column/row_count": 3})))
    assert "The stats have none of them." in page
    assert "The run&#x27;s stats have none." in page


def test_only_the_classes_of_the_score_stand_side_by_side(new_run: NewRun) -> None:
    """They are a histogram: their order and their equal width say something."""
    blocks = [block for section in run_report(new_run()).sections for block in section.blocks]
    assert [bars.key for bars in blocks if isinstance(bars, Bars) and bars.upright] == ["distribution"]


def test_titles_stay_in_their_cells_in_html(new_run: NewRun) -> None:
    text = as_html.render(run_report(new_run()))
    nasty, harmless = Page(text), Page(as_html.render(run_report(_renamed(new_run(), "Title"))))
    assert [tag for tag, _ in nasty.tags] == [tag for tag, _ in harmless.tags]
    assert "<script>alert(1)</script>" in nasty.text
    assert not set(text) & {"\x1b", "\u202e"}


def test_titles_stay_in_their_cells_in_markdown(new_run: NewRun) -> None:
    text = as_markdown.render(run_report(new_run()))
    nasty, harmless = _kinds(text), _kinds(as_markdown.render(run_report(_renamed(new_run(), "Title"))))
    assert nasty == harmless
    assert not set(text) & {"\x1b", "\u202e"}
    assert "://" not in re.sub(r"\\:", "", text)


def test_json_is_ascii_and_keeps_what_was_said(new_run: NewRun) -> None:
    text = as_json.render(run_report(new_run()))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["sections"]["outcomes"]["failed_workflows"][0]["name"].endswith("www.evil.example")


def _renamed(run: RunData, name: str) -> RunData:
    visits = [visit._replace(name=name) for visit in run.visits or ()]
    return replace(run, visits=visits)


def _kinds(text: str) -> list[str]:
    """Every element that Markdown with tables and bare links makes of a text."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    tokens = parser.parse(text)
    kinds = [token.type for token in tokens]
    inner = [child.type for token in tokens for child in token.children or ()]
    return kinds + [kind for kind in inner if not kind.startswith("text")]
