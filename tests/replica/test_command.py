"""``scrapy replica``, run by Scrapy itself in a project of the test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..waiting import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "replica_project_settings.py").write_text('COMMANDS_MODULE = "n8n_scraper.commands"\n')
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    return {**os.environ, "PYTHONPATH": path, "SCRAPY_SETTINGS_MODULE": "replica_project_settings"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scrapy", "replica", *arguments]


def test_it_serves_until_a_signal(environment: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        command("--count=2"), env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Replica with 2 templates: site http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--cuont", "5"], 2, "This command has no option --cuont; --help lists them"),
        (["--corpus", "/nowhere/x.jsonl"], 1, "Corpus /nowhere/x.jsonl: No such file or directory"),
    ],
)
def test_what_it_cannot_use_is_refused(
    environment: dict[str, str], tmp_path: Path, arguments: list[str], code: int, complaint: str
) -> None:
    done = subprocess.run(
        command(*arguments),
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == code
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
