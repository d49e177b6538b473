"""A small scale run of everything, as a user starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.commands.scale import Command
from n8n_scraper.scale.dataset_files import read_dataset
from n8n_scraper.scale.run_folder import RunFolder, read_folder

ROOT = Path(__file__).parents[2]
CLOCK = 10
OF_THE_MACHINE = {"store_query_p95"}
"""How long a transaction takes is the machine's matter, in a test."""


def scale(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scrapy", "scale", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)


Done = tuple[RunFolder, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("scale") / "run"
    layers = "1,2,3,media,transcripts"
    done = scale("run", "--size", "30", "--clock", str(CLOCK), "--layers", layers, "--out", str(folder))
    assert folder.is_dir(), done.stdout + done.stderr
    return read_folder(folder), done


def test_a_compressed_run_of_30_is_killed_resumed_and_judged(small: Done) -> None:
    found, done = small
    zones = {row["name"]: row["zone"] for row in found.verdicts}
    assert "goes on" in done.stdout, "it was killed"
    assert {name for name, zone in zones.items() if zone == "red"} <= OF_THE_MACHINE, done.stdout
    for name in ("completeness", "classification", "columns", "retries", "breaker", "resumed", "exports"):
        assert zones[name] == "target", done.stdout
    assert done.returncode == (1 if "red" in zones.values() else 0)
    timed = {row["name"] for row in found.verdicts if row["reason"] == f"the clock was compressed {CLOCK} times"}
    assert timed == {"service_seconds", "workflows_per_hour", "stage_gap", "busiest_second", "busiest_ten_seconds"}
    assert str(found.path) in done.stdout


def test_its_folder_tells_how_and_what(small: Done) -> None:
    found, done = small
    run = found.run
    assert not found.missing
    assert (run["size"], run["clock"], run["rate"], run["layers"]) == (30, 10, 2, "1,2,3,media,transcripts")
    assert run["composition"]["group"] == {"good": 18, "challenging": 9, "edge": 3}
    assert run["exit_codes"] == [-9, 0]
    assert run["arguments"][:2] == ["scale", "run"]
    assert run["ended_at"] >= run["begun_at"]
    assert run["passed"] == (done.returncode == 0)
    assert len(found.outcomes) == 30
    statuses = {one["layers"]["media_status"] for one in found.outcomes if one["crawl_status"] == "complete"}
    assert statuses == {"ok", "missing"}
    assert all(one["is_as_expected"] for one in found.outcomes), done.stdout
    assert found.figures["breaker_openings"] >= 1
    assert found.samples
    assert (found.path / "crawl.log").stat().st_size
    assert (found.path / "storage.json").is_file()


def test_what_failed_or_was_slow_is_asked_for_again(small: Done, tmp_path: Path) -> None:
    former, _ = small
    mark = next(one["id"] for one in former.outcomes if one["group"] == "good")
    changed: list[dict[str, Any]] = [{**one, "is_as_expected": one["id"] != mark} for one in former.outcomes]
    (former.path / "outcomes.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in changed), encoding="utf-8")
    done = scale("run", "--again", str(former.path), "--out", str(tmp_path / "again"))
    again = read_folder(tmp_path / "again")
    failed = {one["id"] for one in former.outcomes if one["error_kind"] not in (None, "gone")}
    asked = {one["id"] for one in again.outcomes}
    assert failed | {mark} <= asked
    assert len(asked) <= len(failed) + 3, "the slow ones are few"
    assert (again.run["again"], again.run["clock"]) == (str(former.path), CLOCK)
    assert all(one["is_as_expected"] for one in again.outcomes), done.stdout
    assert "1 were not as expected: 1 as expected now" in done.stdout
    assert f"{len(failed)} failed: 0 no more, {len(failed)} again as planned; {len(failed)} hold now" in done.stdout
    assert read_dataset(tmp_path / "again" / "dataset")[0].only(asked).members
    red = {row["name"] for row in again.verdicts if row["zone"] == "red"}
    assert red <= OF_THE_MACHINE, done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--layers", "1,4"), "Argument layers=1,4"),
        (("run", "--again", "nowhere"), "no scale run in this folder"),
        (("run", "--size", "29"), "at least 30"),
        (("run", "--rate", "-1"), "--rate -1: must be 0"),
        (("dataset", "--size", "30", "--corpus", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_run_is_told(words: tuple[str, ...], said: str, run_command: Callable[..., Any]) -> None:
    done = run_command(Command(), *words)
    assert said in done.err
    assert (done.exit_code, len(done.err.strip().splitlines())) == (1, 1)
