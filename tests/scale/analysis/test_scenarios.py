"""``scrapy scale report``, ``gate`` and ``baseline`` as a user starts them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scrapy.exceptions import UsageError

from n8n_scraper.commands.scale import Command
from n8n_scraper.scale.analysis import scenarios
from tests.scale.analysis.conftest import NewFolder

Say = Callable[..., Any]


@pytest.fixture
def scale(run_command: Callable[..., Any], tmp_path: Path) -> Say:
    def run(*words: object) -> Any:
        return run_command(Command(), *map(str, words), N8N_SCRAPER_EXPORT_DIR=str(tmp_path / "exports"))

    return run


def test_a_report_is_written_into_the_folder(scale: Say, new_folder: NewFolder) -> None:
    folder = new_folder(figures={"columns": 1.0})
    said = scale("report", folder)
    assert said.exit_code == 0, "the report is there, whatever it says"
    assert "Scale run run-40: NOT passed: 18 target, 1 red. Fix first" in said.out
    assert {"report.html", "report.md", "report.json"} <= {file.name for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("figures", "run", "exit_code"),
    [
        ({}, {}, 0),
        ({"columns": 98.5}, {}, 0),
        ({"columns": 97.0}, {}, 1),
        ({"columns": None}, {}, 1),
        ({}, {"ended_at": None}, 1),
        ({}, {"is_disturbed": True}, 0),
    ],
)
def test_the_gate_is_an_exit_code(
    scale: Say, new_folder: NewFolder, figures: dict[str, Any], run: dict[str, Any], exit_code: int
) -> None:
    said = scale("gate", new_folder(figures=figures, run=run))
    assert said.exit_code == exit_code
    assert ("NOT passed" in said.out) == bool(exit_code)
    assert ("flag: others used the machine" in said.out) == bool(run.get("is_disturbed"))


def test_a_saved_baseline_is_compared_with(scale: Say, new_folder: NewFolder, tmp_path: Path) -> None:
    before = [new_folder(f"before-{n}", figures={"service_seconds": 1.0 + n / 100}) for n in range(3)]
    said = scale("baseline", *before)
    assert said.exit_code == 0
    assert str(tmp_path / "exports" / "scale" / "baseline.json") in said.out
    assert "3 runs, 3 of them undisturbed" in said.out
    said = scale("baseline", before[0], _disturbed(new_folder, "loud-one"))
    assert "2 runs, 1 of them undisturbed" in said.out
    scale("baseline", *before)
    assert scale("gate", new_folder("same", figures={"service_seconds": 1.01})).exit_code == 0
    slower = new_folder("slower", figures={"service_seconds": 1.1})
    said = scale("gate", slower)
    assert said.exit_code == 1
    assert "service_seconds is worse than the baseline" in said.out
    assert scale("gate", slower, "--baseline", slower).exit_code == 0


def test_true_and_compressed_runs_are_never_compared(scale: Say, new_folder: NewFolder) -> None:
    true, fast = new_folder("true"), new_folder("fast", run={"clock": 10.0}, figures={"service_seconds": 9.0})
    said = scale("gate", fast, "--baseline", true)
    assert "True-rate and compressed runs are never compared" in said.out
    assert said.exit_code == 0, "without a comparison the criteria decide"
    scale("report", fast, "--baseline", true)
    assert "never compared" in (fast / "report.html").read_text()


def _disturbed(new_folder: NewFolder, name: str = "loud", **figures: float) -> Path:
    return new_folder(name, run={"is_disturbed": True}, figures={"service_seconds": 90.0, **figures})


def test_a_disturbed_run_is_tried_again(scale: Say, new_folder: NewFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = new_folder("quiet")
    monkeypatch.setattr(scenarios, "_start", _copies(quiet))
    said = scale("gate", _disturbed(new_folder))
    assert said.exit_code == 0
    assert "tried again, 1 of 1" in said.out
    assert "loud-retry-1: passed" in said.out


def test_a_run_that_stays_disturbed_is_published_with_a_flag(
    scale: Say, new_folder: NewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud = _disturbed(new_folder)
    monkeypatch.setattr(scenarios, "_start", _copies(loud))
    said = scale("gate", loud, "--retries", 2)
    assert said.exit_code == 1
    assert "tried again, 2 of 2" in said.out
    assert said.out.rstrip().splitlines()[-1].startswith("  flag: others used the machine")


def test_what_no_load_explains_is_not_tried_again(scale: Say, new_folder: NewFolder) -> None:
    said = scale("gate", _disturbed(new_folder, columns=1.0))
    assert said.exit_code == 1
    assert "tried again" not in said.out


def _copies(folder: Path) -> Callable[[list[str], Path], None]:
    def start(words: list[str], new: Path) -> None:
        assert words == ["scale", "run", "--size", "40"]
        shutil.copytree(folder, new)

    return start


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report"], "takes the folder of one scale run; got 0"),
        (["gate", "one", "two"], "takes the folder of one scale run; got 2"),
        (["baseline"], "takes the folders"),
        (["report", "nowhere"], "there is no scale run"),
    ],
)
def test_wrong_words_are_one_sentence(scale: Say, words: list[str], said: str) -> None:
    done = scale(*words)
    assert done.exit_code == 1
    assert said in done.err


def test_only_some_scenarios_take_folders(scale: Say) -> None:
    with pytest.raises(UsageError, match="scrapy scale speed takes no words; got: folder"):
        scale("speed", "folder")


def test_a_missing_baseline_that_was_named_is_told(scale: Say, new_folder: NewFolder, tmp_path: Path) -> None:
    done = scale("gate", new_folder(), "--baseline", tmp_path / "none.json")
    assert done.exit_code == 1
    assert "none.json: No such file" in done.err


def test_a_run_that_does_not_say_its_words_cannot_be_tried_again(scale: Say, new_folder: NewFolder) -> None:
    folder = _disturbed(new_folder)
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**run, "arguments": []}))
    done = scale("gate", folder)
    assert done.exit_code == 1
    assert "cannot be tried again" in done.err
    assert scale("gate", folder, "--retries", 0).exit_code == 1


def test_words_of_a_forged_run_are_not_started(
    scale: Say, new_folder: NewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(scenarios, "_start", lambda words, _folder: started.append(words))
    words = ["shell", "--nolog", "-c", "open('evil', 'w')"]
    done = scale("gate", new_folder(run={"is_disturbed": True, "arguments": words}, figures={"service_seconds": 90.0}))
    assert done.exit_code == 1
    assert "was not started as scale run but as shell --nolog" in done.err
    assert not started


def test_an_earlier_retry_is_not_taken_for_this_one(
    scale: Say, new_folder: NewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_folder("loud-retry-1")
    monkeypatch.setattr(scenarios, "_start", lambda _words, _folder: None)
    done = scale("gate", _disturbed(new_folder))
    assert done.exit_code == 1
    assert "holds an earlier retry" in done.err


def test_outcomes_that_are_cut_are_not_asked_for_again(scale: Say, new_folder: NewFolder) -> None:
    folder = new_folder()
    text = (folder / "outcomes.jsonl").read_text()
    (folder / "outcomes.jsonl").write_text(text[:-30])
    done = scale("run", "--again", folder)
    assert done.exit_code == 1
    assert "outcomes.jsonl ends in the middle of a line" in done.err
    assert "ends in the middle of a line" in scale("gate", folder).out
    assert "ends in the middle of a line" in scale("report", folder).out
    (folder / "outcomes.jsonl").unlink()
    assert "outcomes.jsonl is missing" in scale("run", "--again", folder).err


@pytest.mark.parametrize("words", [["gate"], ["report"], ["baseline"], ["run", "--again"]])
@pytest.mark.parametrize(
    ("name", "text"), [("verdicts.json", '[1, {"a": 2}]'), ("outcomes.jsonl", '{"id": "x"}\n{"id": 2}\n')]
)
def test_files_of_another_shape_are_one_sentence(
    scale: Say, new_folder: NewFolder, words: list[str], name: str, text: str
) -> None:
    folder = new_folder()
    (folder / name).write_text(text)
    done = scale(*words, folder)
    assert done.exit_code == 1
    assert f"{folder / name}: an entry " in done.err


def test_no_fewer_than_no_retries(scale: Say, new_folder: NewFolder) -> None:
    with pytest.raises(SystemExit):
        scale("gate", new_folder(), "--retries", "-3")
