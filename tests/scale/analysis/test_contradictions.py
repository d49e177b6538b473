"""A run's folder that was cut, forged or mixed up: what it says of itself is not believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.analysis import gate
from n8n_scraper.scale.analysis.analysed import read
from n8n_scraper.scale.analysis.baseline_file import baseline_of
from n8n_scraper.scale.analysis.report import scale_report
from n8n_scraper.scale.run_folder import FIGURES, OUTCOMES, RUN, VERDICTS, read_folder
from tests.scale.analysis.conftest import NewFolder

Rows = list[dict[str, Any]]
Forge = Callable[[Rows], Any]


def _verdicts(forge: Forge) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        rows = json.loads((folder / VERDICTS).read_text())
        forge(rows)
        (folder / VERDICTS).write_text(json.dumps(rows))

    return apply


def _outcomes(forge: Forge) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        rows = [json.loads(line) for line in (folder / OUTCOMES).read_text().splitlines()]
        forge(rows)
        (folder / OUTCOMES).write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    return apply


def _object(name: str, **fields: Any) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).write_text(json.dumps({**json.loads((folder / name).read_text()), **fields}))

    return apply


def _cut(folder: Path) -> None:
    text = (folder / OUTCOMES).read_text()
    (folder / OUTCOMES).write_text(text[:-30])


def _row(name: str, **fields: Any) -> Callable[[Path], None]:
    return _verdicts(lambda rows: next(row for row in rows if row["name"] == name).update(fields))


def _failed(rows: Rows) -> None:
    """Twelve workflows are lost, whatever the flags say."""
    for row in rows[:12]:
        row.update(crawl_status="failed", error_kind="server")


FORGED = [
    (_verdicts(lambda rows: rows.pop(0)), "has no verdict on completeness"),
    (_verdicts(lambda rows: rows.__delitem__(slice(1, None))), "has no verdict on classification, good_quality"),
    (_verdicts(lambda rows: rows.append({**rows[0], "name": "beauty"})), "no criterion: beauty"),
    (_verdicts(lambda rows: rows.append(rows[0])), "more than one verdict on completeness"),
    (_row("watchdog", figure=9.0, target=10, acceptable=20), "calls watchdog target, but 9 is red"),
    (_row("exports", figure=None), "calls exports target, but no figure is red"),
    (_row("exports", figure=None, zone="not applicable", reason="too slow"), "not applicable, but no figure is red"),
    (_row("resumed", figure=None, zone="not applicable"), "not applicable, but no figure is red"),
    (_row("peak_memory", zone="splendid"), "calls peak_memory splendid"),
    (_row("peak_memory", figure=100.0), f"peak_memory is 100 in {VERDICTS}, but 200 in {FIGURES}"),
    (_object(FIGURES, watchdog=3), f"watchdog is 0 in {VERDICTS}, but 3 in {FIGURES}"),
    (_outcomes(_failed), f"completeness is 100 in {VERDICTS}, but 66.6667 by {OUTCOMES}"),
    (_outcomes(_failed), f"completeness is 100 in {FIGURES}, but 66.6667 by {OUTCOMES}"),
    (_outcomes(_failed), f"classification is 100 in {VERDICTS}, but 70 by {OUTCOMES}"),
    (_outcomes(lambda rows: rows[0].update(is_as_expected=False)), "classification is 100 in"),
    (_outcomes(lambda rows: rows.pop()), "has 39 workflows, the run has 40"),
    (_outcomes(lambda rows: rows.__setitem__(1, rows[0])), "has 1 workflows more than once"),
    (_object(RUN, size=50), "has 40 workflows, the run has 50"),
    (_cut, f"{OUTCOMES} ends in the middle of a line"),
    (lambda folder: (folder / OUTCOMES).unlink(), f"{OUTCOMES} is not in the folder"),
]


@pytest.mark.parametrize(("forge", "said"), FORGED)
def test_a_folder_that_contradicts_itself_does_not_pass(
    new_folder: NewFolder, forge: Callable[[Path], None], said: str
) -> None:
    folder = new_folder()
    assert gate.is_passed(read(folder))
    forge(folder)
    seen = read(folder)
    assert not gate.is_passed(seen)
    assert seen.decision.decision == "fix first"
    assert any(rule == "contradicts" and said in reason for rule, reason in seen.decision.reasons)
    assert any(said in line for line in gate.lines(seen))
    document = scale_report(seen)
    assert document.verdict.startswith("NOT passed, the files contradict each other (")
    assert said in document.verdict
    with pytest.raises(StartError, match="contradicts itself and is no baseline"):
        baseline_of([read_folder(folder)])


def test_a_disturbed_run_that_contradicts_itself_is_not_tried_again(new_folder: NewFolder) -> None:
    folder = new_folder(run={"is_disturbed": True}, figures={"service_seconds": 90.0})
    assert gate.must_retry(read(folder))
    _cut(folder)
    assert not gate.must_retry(read(folder))


def test_completeness_applies_where_a_workflow_can_be_complete(new_folder: NewFolder) -> None:
    folder = new_folder(run={"again": "before"}, na={"completeness": "none is among them"})
    (folder / FIGURES).unlink()
    assert f"completeness is no figure in {VERDICTS}, but 100 by {OUTCOMES}" in read(folder).contradictions


def test_a_missing_verdict_has_no_figure(new_folder: NewFolder) -> None:
    folder = new_folder()
    _verdicts(lambda rows: rows.pop(0))(folder)
    seen = read(folder)
    assert ("unmeasured", "completeness has no figure") in seen.decision.reasons
    assert [row["zone"] for row in seen.verdicts][:2] == ["red", "target"]


@pytest.mark.parametrize(
    ("run", "names"),
    [
        ({"clock": 10.0}, ["service_seconds", "workflows_per_hour", "busiest_second"]),
        ({"again": "before", "exit_codes": [0]}, ["resumed", "breaker"]),
        ({}, ["stage_gap"]),
    ],
)
def test_what_a_run_says_nothing_of_is_no_contradiction(
    new_folder: NewFolder, run: dict[str, Any], names: list[str]
) -> None:
    figures = dict.fromkeys(set(names) - {"service_seconds"})
    seen = read(new_folder(run=run, na=dict.fromkeys(names, "why"), figures=figures))
    assert not seen.contradictions
    assert {row["name"] for row in seen.verdicts if row["zone"] == "not applicable"} == set(names)


def test_a_run_that_tells_no_rate_had_no_limit_and_its_stages_a_gap(new_folder: NewFolder) -> None:
    folder = new_folder(na={"stage_gap": "the rate allows no two requests within 100 ms"})
    run = json.loads((folder / RUN).read_text())
    (folder / RUN).write_text(json.dumps({name: value for name, value in run.items() if name != "rate"}))
    assert any("stage_gap" in told for told in read(folder).contradictions)
    (folder / RUN).write_text(json.dumps({**run, "rate": 1.0, "layers": "1,2,3,media"}))
    assert not any("stage_gap" in told for told in read(folder).contradictions)


def test_a_run_that_was_not_judged_is_no_baseline(new_folder: NewFolder) -> None:
    folder = new_folder()
    (folder / VERDICTS).unlink()
    with pytest.raises(StartError, match="was not judged"):
        baseline_of([read_folder(folder)])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (VERDICTS, '[1, {"a": 2}]', "an entry is not an object"),
        (VERDICTS, '[{"a": 2}]', "an entry has no "),
        (OUTCOMES, '{"id": "x"}\n', "an entry has no "),
        (RUN, '{"size": "many"}', "size is 'many', which no scale run writes"),
        (RUN, '{"clock": 0}', "clock is 0, which"),
        (RUN, '{"arguments": "scale run"}', "arguments is 'scale run', which"),
        (RUN, '{"exit_codes": {}}', "exit_codes is {}, which"),
        (FIGURES, '{"store_query_p95": "fast"}', "store_query_p95 is 'fast', which"),
        ("samples.jsonl", '{"requests": 1}\n', "t is None, which"),
    ],
)
def test_a_file_of_another_shape_is_one_sentence(new_folder: NewFolder, name: str, text: str, said: str) -> None:
    folder = new_folder()
    (folder / name).write_text(text)
    with pytest.raises(StartError, match=said) as refused:
        read(folder)
    assert str(folder / name) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [(VERDICTS, "figure", "100"), (VERDICTS, "figure", True), (VERDICTS, "name", 1), (OUTCOMES, "id", "x")],
)
def test_a_value_of_another_type_is_one_sentence(new_folder: NewFolder, name: str, field: str, value: object) -> None:
    folder = new_folder()
    forge: Forge = lambda rows: rows[0].update({field: value})  # noqa: E731 - beside its use
    (_verdicts if name == VERDICTS else _outcomes)(forge)(folder)
    with pytest.raises(StartError, match=f"{field} is .*, which no scale run writes"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "figure", "recounted"),
    [("service_seconds", 0.5, "1"), ("good_quality", 99.0, "100"), ("watchdog", 1.0, "0"), ("resumed", 95.0, "100")],
)
def test_what_the_outcomes_tell_is_recounted(new_folder: NewFolder, name: str, figure: float, recounted: str) -> None:
    folder = new_folder()
    _figure(folder, name, figure)
    said = [one for one in read(folder).contradictions if one.endswith(OUTCOMES)]
    assert said == [f"{name} is {figure:.6g} in {file}, but {recounted} by {OUTCOMES}" for file in (VERDICTS, FIGURES)]


def _figure(folder: Path, name: str, figure: float) -> None:
    """A figure forged in both files that tell it."""
    _verdicts(lambda rows: next(row for row in rows if row["name"] == name).update(figure=figure))(folder)
    figures = json.loads((folder / FIGURES).read_text())
    (folder / FIGURES).write_text(json.dumps({**figures, name: figure}))
