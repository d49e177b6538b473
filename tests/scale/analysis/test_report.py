"""The report of a scale run: its figures, what is missing, and that nothing from outside gets out of its cell."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from n8n_scraper.exceptions import StartError
from n8n_scraper.report import as_html, as_json, as_markdown
from n8n_scraper.scale.analysis.analysed import Analysed, read
from n8n_scraper.scale.analysis.baseline_file import baseline_of
from n8n_scraper.scale.analysis.report import scale_report
from n8n_scraper.scale.run_folder import FILES, OUTCOMES, VERDICTS, read_folder
from tests.golden import as_lines, assert_golden
from tests.scale.analysis.conftest import NASTY, NewFolder


def _told(seen: Analysed) -> dict[str, Any]:
    sections: dict[str, Any] = json.loads(as_json.render(scale_report(seen)))["sections"]
    return sections


def test_all_that_is_told_of_a_run(new_folder: NewFolder) -> None:
    folder = new_folder(figures={"columns": 98.5}, wrong=True)
    assert_golden("scale_run.txt", as_lines(scale_report(read(folder))).replace(str(folder), "FOLDER"))


def test_figures_are_those_of_the_run(new_folder: NewFolder) -> None:
    seen = read(new_folder(figures={"columns": 98.5}, wrong=True))
    told = _told(seen)
    assert scale_report(seen).verdict.startswith("NOT passed: 17 target, 1 acceptable, 1 red. Fix first")
    assert told["decision"]["decision"] == {"decision": "fix first"}
    assert told["criteria"]["zones"] == {"target": 17, "acceptable": 1, "red": 1, "not_applicable": 0}
    assert [row["figure"] for row in told["criteria"]["criteria"]][1:4] == [97.5, 100.0, 98.5]
    assert told["how"]["run"]["rate"] == 2.0
    assert told["how"]["run"]["exit_codes"] == "-9, 0"
    assert told["outcomes"]["expected"]["edge"] == {"as expected": 3, "otherwise": 1}
    assert told["outcomes"]["statuses"]["good"]["complete"] == 24
    classes = {row["name"]: row for row in told["outcomes"]["classes"]}
    assert classes["edge, no fault"]["expected"] == 0.75
    assert classes["challenging, server"]["complete"] == 1
    kinds = {row["kind"]: row for row in told["errors"]["kinds"]}
    assert (kinds["gone"]["count"], kinds["gone"]["planned"], kinds["gone"]["ids"]) == (3, 3, [38, 39, 40])
    assert kinds["server"]["planned"] == 0
    assert [row["id"] for row in told["errors"]["unexpected"]] == ["37"]
    lists = {row["list"]: row["ids"] for row in told["again"]["lists"]}
    assert lists == {"not as expected": [37], "failed": [37], "slow": [39, 40], "together": [37, 39, 40]}
    assert str(seen.found.path) in told["again"]["notes"][0]
    assert told["time"]["requests"]["limit"] == 2.0
    assert len(told["time"]["crawler_cpu"]["points"]) == 40
    assert "no_data" in told["time"]["query_time"]
    verdicts = {row["rule"]: row["verdict"] for row in told["bottlenecks"]["rules"]}
    assert verdicts["mean CPU of the crawler"] == "bottleneck"
    assert verdicts["mean CPU of Postgres"] == "no data"
    assert told["storage"]["storage"]["database"] == 12.0
    assert told["storage"]["exports"][0]["rate"] == 400.0
    assert [row["scans"] for row in told["storage"]["indexes"]] == [9, 0]
    advice = [row["what"] for row in told["advice"]["advice"]]
    assert any("content_search" in what for what in advice)
    assert any("one thread is full" in what for what in advice)
    assert any("Look at the workflows that are not as expected" in what for what in advice)


def test_a_long_run_is_drawn_with_few_points(new_folder: NewFolder) -> None:
    folder = new_folder()
    lines = [json.dumps({"t": float(second), "requests": float(second % 2)}) for second in range(1000)]
    (folder / "samples.jsonl").write_text("\n".join(lines) + "\n")
    points = _told(read(folder))["time"]["requests"]["points"]
    assert len(points) == 200
    assert points[0] == [4.0, 0.4]
    assert points[-1][0] == 999.0


@pytest.mark.parametrize("missing", [*([name] for name in FILES), ["storage.json"], [*FILES[1:], "storage.json"]])
def test_a_folder_with_missing_parts_is_reported_and_says_so(new_folder: NewFolder, missing: list[str]) -> None:
    folder = new_folder()
    for name in missing:
        (folder / name).unlink()
    document = scale_report(read(folder))
    told = json.loads(as_json.render(document))["sections"]
    assert all(name in told["limits"]["notes"][0] for name in missing)
    assert all("None<" not in text and "nan" not in text for text in [as_html.render(document)])
    assert as_markdown.render(document)
    if VERDICTS in missing:
        assert document.verdict.startswith("Not judged: no verdicts. Fix first")
        assert "no_data" in told["criteria"]["criteria"]
    if OUTCOMES in missing:
        assert all("no_data" in next(iter(told[key].values())) for key in ("outcomes", "errors", "again"))


def test_a_run_that_is_going_on_is_not_judged(new_folder: NewFolder) -> None:
    folder = new_folder(run={"ended_at": None, "exit_codes": []})
    assert scale_report(read(folder)).tone == "warn"


def test_the_comparison_shows_ratio_and_noise(new_folder: NewFolder) -> None:
    before = baseline_of([read_folder(new_folder("before"))])
    seen = replace(read(new_folder(figures={"service_seconds": 2.0, "columns": 99.5})), baseline=before)
    rows = {row["figure"]: row for row in _told(seen)["baseline"]["figures"]}
    assert rows["service_seconds"] == {
        "figure": "service_seconds",
        "before": 1.0,
        "now": 2.0,
        "ratio": 2.0,
        "noise": 0.2,
        "source": "assumed",
        "verdict": "worse",
    }
    assert rows["columns"]["verdict"] == "same"
    assert seen.decision.reasons == (("worse", "service_seconds is worse than the baseline by more than its noise"),)
    bottlenecks = {row["rule"]: row["before"] for row in _told(seen)["bottlenecks"]["rules"]}
    assert bottlenecks["mean CPU of the crawler"] == 95.0, "before and after"


def test_a_refused_comparison_says_why(new_folder: NewFolder) -> None:
    seen = replace(read(new_folder()), refusal="True-rate and compressed runs are never compared: …")
    assert "never compared" in _told(seen)["baseline"]["baseline"]["no_data"]


@pytest.mark.parametrize("name", [VERDICTS, OUTCOMES])
def test_an_entry_that_is_none_of_ours_is_told(new_folder: NewFolder, name: str) -> None:
    folder = new_folder()
    (folder / name).write_text('[{"name": 1}]\n' if name == VERDICTS else '{"id": 1}\n')
    with pytest.raises(StartError, match="an entry has no "):
        read(folder)


def test_a_part_that_is_no_json_is_told(new_folder: NewFolder) -> None:
    folder = new_folder()
    (folder / "storage.json").write_text("{")
    with pytest.raises(StartError, match=r"storage\.json: cannot be read"):
        read(folder)


class _Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_from_outside_stays_in_its_cell(new_folder: NewFolder) -> None:
    nasty = new_folder("nasty", run={"name": NASTY, "arguments": [NASTY]})
    harmless = new_folder("harmless", run={"name": "Title", "arguments": ["Title"]})
    file = harmless / OUTCOMES
    file.write_text(file.read_text().replace(json.dumps(NASTY, ensure_ascii=False), '"Title"'))
    documents = [scale_report(read(folder)) for folder in (nasty, harmless)]
    pages = [_Page(as_html.render(document)) for document in documents]
    assert pages[0].tags == pages[1].tags
    assert not set(pages[0].tags) & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert {"svg", "table"} <= set(pages[0].tags)
    assert "<script>alert(1)</script>" in pages[0].text
    marked = [MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(as_markdown.render(d)) for d in documents]
    assert [token.type for token in marked[0]] == [token.type for token in marked[1]]
    for render in (as_html.render, as_markdown.render, as_json.render):
        assert not set(render(documents[0])) & {"\x1b", "\u202e"}


def test_the_report_needs_no_network(new_folder: NewFolder, tmp_path: Path) -> None:
    text = as_html.render(scale_report(read(new_folder())))
    assert "http-equiv" in text
    assert "src=" not in text
    assert "url(" not in text
