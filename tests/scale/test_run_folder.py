from __future__ import annotations

from pathlib import Path

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.run_folder import (
    FIGURES,
    FILES,
    OUTCOMES,
    RUN,
    SAMPLES,
    VERDICTS,
    Outcome,
    Run,
    VerdictRow,
    new_folder,
    read_folder,
    read_outcomes_whole,
    write_results,
    write_run,
)

BEGUN: Run = {"name": "run-30", "begun_at": "2026-11-23T15:00:00Z", "ended_at": None, "clock": 10.0, "size": 30}
VERDICT: VerdictRow = {
    "name": "completeness",
    "meaning": "complete rows",
    "unit": "%",
    "figure": None,
    "target": 95,
    "acceptable": 90,
    "is_least": True,
    "is_strict": False,
    "zone": "red",
    "reason": "",
}
OUTCOME: Outcome = {
    "id": 7,
    "group": "challenging",
    "why": "503 ×2",
    "fault_kind": "server",
    "category": "AI – \u2028odd",
    "expected_status": "complete",
    "expected_error_kind": None,
    "crawl_status": None,
    "error_kind": None,
    "error": None,
    "layers": {},
    "quality_score": None,
    "service_seconds": None,
    "attempt_count": None,
    "request_count": None,
    "is_as_expected": False,
    "differs": "no row",
}


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "scale" / "run-30")
    write_run(folder, BEGUN)
    begun = read_folder(folder)
    assert (begun.run, begun.missing) == (BEGUN, (VERDICTS, OUTCOMES, SAMPLES, FIGURES))
    assert not begun.verdicts
    assert not begun.samples
    write_results(folder, [VERDICT], [OUTCOME, {**OUTCOME, "id": 8}], {"completeness": None, "seconds": 2.5})
    (folder / SAMPLES).write_text('{"t": 0, "cpu": 1.5}\n{"t": 1, "cpu"', encoding="utf-8")
    write_run(folder, {**BEGUN, "ended_at": "2026-11-23T15:01:00Z", "passed": True})
    found = read_folder(folder)
    assert found.run == {**BEGUN, "ended_at": "2026-11-23T15:01:00Z", "passed": True}
    assert found.verdicts == [VERDICT]
    assert found.outcomes == [OUTCOME, {**OUTCOME, "id": 8}]
    assert found.samples == [{"t": 0, "cpu": 1.5}], "a line that is being written is not there yet"
    assert found.figures == {"completeness": None, "seconds": 2.5}
    assert not found.missing
    assert {file.name for file in folder.iterdir()} == set(FILES)


def test_a_run_is_not_written_over(tmp_path: Path) -> None:
    new_folder(tmp_path)
    with pytest.raises(StartError, match="holds a run already"):
        new_folder(tmp_path)  # another one that was begun at the same moment
    write_run(tmp_path, BEGUN)
    with pytest.raises(StartError, match="holds a run already"):
        new_folder(tmp_path)
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "run", tmp_path / "file"):
        with pytest.raises(StartError, match="cannot be kept there"):
            new_folder(path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (RUN, "{", "not JSON"),
        (RUN, "[]", "must be a JSON object"),
        (VERDICTS, "{}", "must be a JSON array"),
        (OUTCOMES, '{"id": 1}\n2\n', "line 2: must be a JSON object"),
        (SAMPLES, '{"t": 1}\n{"t": \n', "line 2: not JSON"),
    ],
)
def test_a_broken_file_is_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    write_run(tmp_path, BEGUN)
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(StartError, match=said):
        read_folder(tmp_path)


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no scale run"):
        read_folder(tmp_path)
    with pytest.raises(StartError, match="no scale run"):
        read_folder(tmp_path / "nowhere")


def test_outcomes_that_were_cut_off_are_no_whole_outcomes(tmp_path: Path) -> None:
    write_run(tmp_path, {**BEGUN, "ended_at": "2026-11-23T15:01:00Z"})
    with pytest.raises(StartError, match="is missing: nobody knows"):
        read_outcomes_whole(tmp_path)
    write_results(tmp_path, [VERDICT], [OUTCOME, {**OUTCOME, "id": 8}], {})
    whole = (tmp_path / OUTCOMES).read_text(encoding="utf-8")
    assert not read_outcomes_whole(tmp_path).is_cut
    (tmp_path / OUTCOMES).write_text(whole.rstrip("\n"), encoding="utf-8")
    assert len(read_outcomes_whole(tmp_path).outcomes) == 2, "only the line end is missing"
    (tmp_path / OUTCOMES).write_text(whole[:-9], encoding="utf-8")
    found = read_folder(tmp_path)
    assert (found.is_cut, [one["id"] for one in found.outcomes]) == (True, [7])
    with pytest.raises(StartError, match="ends in the middle of a line: it was cut off: repeat"):
        read_outcomes_whole(tmp_path)
