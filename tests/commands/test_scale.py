"""``scrapy scale`` as a command: what it refuses, and how it ends when it is interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scrapy.exceptions import UsageError

from n8n_scraper.commands.scale import Command

from ..waiting import PATIENCE

REPOSITORY = Path(__file__).parents[2]


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scrapy", "scale", *words],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--latency", "5-1"], "argument --latency: 5-1: seconds like 0.3, or from-to like 0.1-0.5"),
        (["run", "--size", "x"], "argument --size: x: a whole number from 1"),
        (["run", "--clock", "nan"], "argument --clock: nan: a number from 1 to 1000"),
    ],
)
def test_a_wrong_option_is_refused(
    words: list[str], said: str, run_command: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run_command(Command(), *words)
    assert said in capfd.readouterr().err


def test_an_unknown_scenario_is_refused(run_command: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="scrapy scale takes one of:"):
        run_command(Command(), "nonsense")


def test_a_wrong_command_line_is_told_without_a_traceback() -> None:
    process = start("nonsense")
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "scrapy scale takes one of:" in out
    assert "Traceback" not in out


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_one_sentence(tmp_path: Path, sent: signal.Signals) -> None:
    process = start("run", "--size", "30", "--out", str(tmp_path / "run"))
    assert process.stdout is not None
    assert "30 workflows" in process.stdout.readline()
    process.send_signal(sent)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, out
    assert out.splitlines()[-1].startswith("n8n_scraper: scrapy scale run was interrupted: no verdict")
    assert "Traceback" not in out
