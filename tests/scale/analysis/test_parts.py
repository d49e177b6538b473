"""What other scale commands left: scaling, load, queries; with a run, or alone in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.report import as_html, as_json, as_markdown
from n8n_scraper.scale.analysis import gate
from n8n_scraper.scale.analysis.analysed import PARTS, read
from n8n_scraper.scale.analysis.report import scale_report
from n8n_scraper.scale.load.findings import Finding, write
from n8n_scraper.scale.scaling.rules import judge
from n8n_scraper.scale.scaling.table import as_json as ladder_as_json
from tests.scale.analysis.conftest import NASTY, NewFolder
from tests.scale.scaling.steps import LINEAR, step


def _findings(folder: Path, name: str, figure: float | None) -> None:
    findings = [
        Finding(name=NASTY, figure=figure, unit="ms p95", threshold=500, goal=20),
        Finding(name="index", figure=None, unit="times"),
    ]
    write(folder / name, findings, {"statements": []})


@pytest.mark.parametrize(
    ("figure", "passed", "holds"),
    [(10.0, True, "yes"), (30.0, True, "yes, aim missed"), (600.0, False, "NO"), (None, False, "NO")],
)
def test_findings_are_shown_and_judged(tmp_path: Path, figure: float | None, passed: bool, holds: str) -> None:
    _findings(tmp_path, "queries.json", figure)
    seen = read(tmp_path)
    document = scale_report(seen)
    assert document.verdict == f"queries {'passed' if passed else 'NOT passed'}."
    assert gate.is_passed(seen) == passed
    assert not gate.must_retry(seen)
    told: dict[str, Any] = json.loads(as_json.render(document))["sections"]
    assert "criteria" not in told, "no run, no criteria"
    first, second = told["queries"]["queries"]
    assert (first["figure"], first["threshold"], first["goal"]) == (figure, "< 500", "< 20")
    assert first["holds"] == holds
    assert second["holds"] is None
    assert "<script" not in as_html.render(document)
    assert as_markdown.render(document)


def test_parts_beside_a_run_are_sections_and_count_for_the_gate(new_folder: NewFolder) -> None:
    folder = new_folder()
    assert gate.is_passed(read(folder))
    _findings(folder, "load.json", 900.0)
    seen = read(folder)
    assert {"criteria", "load"} <= {section.key for section in scale_report(seen).sections}
    assert not gate.is_passed(seen)
    assert "  load: NOT passed" in list(gate.lines(seen))


def test_ladders_are_drawn_and_say_where_they_bend(tmp_path: Path) -> None:
    verdicts = judge(LINEAR, [step(), step(4, throughput=20.0)])
    (tmp_path / "scaling.json").write_text(json.dumps([ladder_as_json(LINEAR, verdicts)], default=list))
    seen = read(tmp_path)
    document = scale_report(seen)
    assert document.verdict == "scaling NOT passed."
    assert not gate.is_passed(seen)
    told: dict[str, Any] = json.loads(as_json.render(document))["sections"]["scaling"]
    assert [row["verdict"] for row in told["flows"]] == ["passed", "efficiency"]
    assert told["flows_throughput"] == {"1 flows": 9.8, "4 flows": 20.0}
    assert "flows bends at: 4 flows." in told["notes"]
    assert "<svg" in as_html.render(document)


def test_a_folder_with_nothing_of_ours_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no scale run"):
        read(tmp_path)


@pytest.mark.parametrize("file", PARTS.values())
@pytest.mark.parametrize("text", ["null", "7", "[]", "{}", "[[]]", '{"passed": "yes"}', "[" * 99_999, "{"])
def test_a_part_of_another_shape_is_told_in_a_sentence(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(StartError, match=file):
        read(tmp_path)


SPOILT: list[tuple[str, Any]] = [
    ("load.json", {"figures": [{"name": 7}]}),
    ("load.json", {"figures": None}),
    ("storage.json", {"indexes": [{"name": "only"}]}),
    ("storage.json", {"workflows": "many"}),
    ("scaling.json", {"steps": [{"step": "one"}]}),
    ("scaling.json", {"capacity": {"sentence": None}}),
]


@pytest.mark.parametrize(("file", "changes"), SPOILT)
def test_one_wrong_value_in_a_part_is_told(new_folder: NewFolder, file: str, changes: dict[str, Any]) -> None:
    folder = new_folder()
    _findings(folder, "load.json", 10.0)
    verdicts = judge(LINEAR, [step(), step(4, throughput=39.0)])
    (folder / "scaling.json").write_text(json.dumps([ladder_as_json(LINEAR, verdicts)], default=list))
    assert scale_report(read(folder)).sections
    known = json.loads((folder / file).read_text())
    spoilt = [{**known[0], **changes}] if isinstance(known, list) else {**known, **changes}
    (folder / file).write_text(json.dumps(spoilt))
    with pytest.raises(StartError, match=f"{file}: {next(iter(changes))} is .*, which no scale run writes"):
        read(folder)
