"""Finding a run to watch, what is shown of it, and its end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from n8n_scraper.commands.scale import Command
from n8n_scraper.exceptions import StartError
from n8n_scraper.scale import watch_view, watched_run, watching
from n8n_scraper.scale.samples import as_sample
from n8n_scraper.scale.store_quality import StoreQuality
from n8n_scraper.scale.watched_run import WatchedRun

QUALITY = StoreQuality(
    statuses={"complete": 3, "failed": 1},
    failures={"server": 1},
    scores={60: 1, 80: 2},
    mean_score=81.25,
    layers={"layer1": 1.0, "layer2": 0.5, "layer3": None},
    columns={"name": 1.0, "description": 0.75},
)
SAMPLE = as_sample(9, {"rows": 4, "database": 8.0, "queue": 6, "requests": 2.0, "foreign_cpu": 55.0})


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WatchedRun:
    """A run that is sampled by this process, the only one of the machine."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"{watched_run.TEMPORARY}1" / "step1"
    folder.mkdir(parents=True)
    run = watched_run.begin(samples=folder / "samples.jsonl", store=folder / "postgres", exports=folder / "exports")
    run.write_to([folder])
    return run


def _write_again(run: WatchedRun, **changes: Any) -> None:
    replace(run, **changes).write_to([Path(run.samples).parent])


def _pid_of_an_ended_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


@pytest.mark.parametrize(
    ("changes", "is_found"),
    [
        ({}, True),
        ({"ended": 2.0}, True),  # its command goes on, with another step or with judging
        ({"process_began": psutil.Process().create_time() + 1}, True),  # as the clock was set
        ({"process_began": psutil.Process().create_time() + 60}, False),  # it had this process's pid, and is gone
    ],
)
def test_a_run_is_found_as_long_as_its_command_lives(
    begun: WatchedRun, changes: dict[str, Any], is_found: bool
) -> None:
    _write_again(begun, **changes)
    assert (watched_run.newest() is not None) is is_found


def test_what_is_sampled_now_comes_before_what_began_later(begun: WatchedRun) -> None:
    other = Path(begun.samples).parents[1] / "step2"
    other.mkdir()
    replace(begun, began=begun.began + 5, ended=begun.began + 9).write_to([other])
    assert watched_run.newest() == begun


def test_a_command_is_followed_though_another_begins(begun: WatchedRun) -> None:
    other = Path(begun.samples).parents[1] / "other"
    other.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as command:
        began = psutil.Process(command.pid).create_time()
        replace(begun, began=begun.began + 5, pid=command.pid, process_began=began).write_to([other])
        found, followed = watched_run.newest(), watched_run.newest(begun.pid)
        command.communicate(b"\n")
    assert found
    assert found.pid == command.pid
    assert followed == begun


def test_a_run_whose_command_was_killed_is_over(begun: WatchedRun) -> None:
    _write_again(begun, pid=_pid_of_an_ended_process())
    assert watched_run.newest() is None
    assert not watched_run.read(Path(begun.samples).parent).has_process


def test_what_is_no_such_file_is_passed_over(begun: WatchedRun) -> None:
    (Path(begun.samples).parent / watched_run.FILE).write_text('{"pid": 1}')
    assert watched_run.newest() is None
    with pytest.raises(StartError, match="no folder of a scale run"):
        watched_run.read(Path(begun.samples).parent)


def test_that_there_is_none_is_said(begun: WatchedRun, run_command: Callable[..., Any]) -> None:
    _write_again(begun, ended=begun.began + 7, pid=_pid_of_an_ended_process())
    said = run_command(Command(), "watch")
    assert said.exit_code == 1
    assert "No scale run is going on" in said.err
    over = run_command(Command(), "watch", str(Path(begun.samples).parent))
    assert over.exit_code == 1
    assert "is over: sampled for 7 s" in over.err


def test_the_end_of_the_command_is_the_end(
    begun: WatchedRun, run_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as command:
        _write_again(begun, pid=command.pid, process_began=psutil.Process(command.pid).create_time())

        def kill(_seconds: float) -> None:
            command.kill()
            command.wait()

        monkeypatch.setattr(watching.time, "sleep", kill)  # after the first look
        said = run_command(Command(), "watch")
    assert said.exit_code == 0
    assert said.out.startswith(f"Watching {Path(begun.samples).parent} (process {command.pid}), until it ends.\n")
    assert "it was killed" in said.out


def test_a_view_says_what_is_known_and_what_is_not() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(watch_view.view(watch_view.Seen("run", 9.0, SAMPLE, (1.0, 2.0), QUALITY, {"views": 2})))
    text = captured.get()
    for words in (
        "4 rows · 6 waiting · 8 MB on disk · 0.5 rows/MB",
        "scores: mean 81.2 · 60–80 1 · 80–100 2",
        "layers ok: layer1 100.0% · layer2 50.0% · layer3 ?",
        "completeness: 75.0% (complete 3 · failed 1) · emptiest column description 75.0% filled",
        "failures 1 (server 1) · validation errors 2 (views 2)",
        "2 requests/s · ? rows/s",
        "others use 55 % of a core",
    ):
        assert words in text
    assert "FOREIGN LOAD" in watch_view.line(watch_view.Seen("run", 9.0, SAMPLE, (), QUALITY, {}))


def test_a_view_before_the_first_sample_claims_nothing() -> None:
    line = watch_view.line(watch_view.Seen("run", 0.0, {}, (), None, {}))
    assert "failures: not known" in line
    assert "? rows · ? waiting" in line
    assert " 0 " not in line
