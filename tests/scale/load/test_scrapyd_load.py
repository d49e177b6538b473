"""The load tests of scrapyd in seconds: real users by Locust, a real scrapyd, real crawls."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from n8n_scraper.scale.load.locust_run import NEEDED

from ...waiting import PATIENCE, wait_until

pytestmark = pytest.mark.skipif(not all(map(importlib.util.find_spec, NEEDED)), reason="pip install -e '.[scale]'")
ROOT = Path(__file__).parents[3]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "scrapy", "scale", *words]


def figures(done: subprocess.CompletedProcess[str], path: Path) -> dict[str, Any]:
    assert path.exists(), done.stdout + done.stderr
    found = json.loads(path.read_text(encoding="utf-8"))
    assert done.returncode == (0 if found["passed"] else 1)
    return {figure["name"]: figure for figure in found["figures"]}


@pytest.fixture
def temporary(server_folder: Callable[[str], Path]) -> Path:
    return server_folder("scale-")


def run(temporary: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(
        command(*words), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=220, check=False
    )
    assert list(temporary.iterdir()) == []
    assert of(temporary) == []
    return done


def of(temporary: Path) -> list[psutil.Process]:
    """Processes that have to do with that folder."""
    return [one for one in psutil.process_iter(["cmdline"]) if str(temporary) in " ".join(one.info["cmdline"] or [])]


def test_users_schedule_crawls_that_start_and_end_well(temporary: Path, tmp_path: Path) -> None:
    done = run(temporary, "scrapyd", "--users", "2", "--minutes", "0.15", "--count", "20", "--out", str(tmp_path))
    found = figures(done, tmp_path / "load.json")
    assert found["errors"]["figure"] == 0, done.stdout
    assert found["crawls started"]["figure"] == 100
    assert found["crawls ended well"]["figure"] == 100
    assert found["start of a crawl"]["figure"] > 0
    assert found["limit: crawls a minute"]["figure"] > 0
    assert found["answers of schedule.json, status.json, daemonstatus.json"]["threshold"] == 500


def test_all_transcripts_come_in_the_end_and_retry_after_is_kept(temporary: Path, tmp_path: Path) -> None:
    done = run(temporary, "captions", "--count", "6", "--minutes", "0.5", "--out", str(tmp_path))
    found = figures(done, tmp_path / "captions.json")
    assert found["served in the end"]["figure"] == 100, done.stdout
    assert found["refusals met"]["figure"] >= 1
    assert found["requests before Retry-After was over"]["figure"] == 0
    assert found["errors"]["figure"] == 0


def test_ctrl_c_leaves_neither_scrapyd_nor_crawls_nor_a_store(temporary: Path, tmp_path: Path) -> None:
    words = command("scrapyd", "--users", "2", "--minutes", "5", "--count", "20", "--out", str(tmp_path))
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(words, cwd=ROOT, env=environment, start_new_session=True) as process:
        try:
            wait_until(lambda: [one for one in of(temporary) if "scrapyd.runner" in one.info["cmdline"]])
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(PATIENCE) != 0
        finally:
            process.kill()  # a failure must not wait for it
    assert list(temporary.iterdir()) == []
    assert of(temporary) == []
