"""What every command of ours does with a bad end of its output, and with Ctrl-C."""

from __future__ import annotations

import argparse
import io
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from n8n_scraper.command import ProjectCommand


class Telling(ProjectCommand):
    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act = act

    def short_desc(self) -> str:
        return ""

    def act(self, args: list[str], opts: argparse.Namespace) -> None:
        self._act()


def run(act: Callable[[], None]) -> int:
    command = Telling(act)
    command.run([], argparse.Namespace())
    return command.exitcode


def test_a_closed_output_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run(lambda: print("unheard")) == 0


def test_an_output_without_space_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert run(lambda: print("much")) == 1
    assert capsys.readouterr().err == (
        "n8n_scraper: What this command prints cannot be written (No space left on device).\n"
    )


def test_characters_that_a_terminal_does_not_have_become_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert run(lambda: print("3 · 4")) == 0
    assert sys.stdout.buffer.getvalue() == b"3 \\xb7 4\n"  # type: ignore[attr-defined]  # the BytesIO above


def test_ctrl_c_is_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert run(interrupted) == 128 + signal.SIGINT
    assert capsys.readouterr().err == "n8n_scraper: Interrupted.\n"
