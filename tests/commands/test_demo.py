"""``scrapy demo`` in a project of its own: whole, interrupted and killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from n8n_scraper.store.embedded import EmbeddedPostgres

from ..waiting import PATIENCE, wait_until

REPOSITORY = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "scrapy", "demo"]
Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def project(server_folder: Callable[[str], Path]) -> Iterator[Path]:
    folder = server_folder("n8n_scraper-demo-")
    shutil.copy(REPOSITORY / "scrapy.cfg", folder)
    yield folder
    EmbeddedPostgres(folder / ".n8n_scraper" / "demo" / "postgres").stop_leaked()


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    started = []
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}

    def start() -> subprocess.Popen[str]:
        demo = subprocess.Popen(
            COMMAND,
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(demo)
        return demo

    yield start
    for demo in started:
        demo.kill()
        demo.communicate()


def wait_for_plan(demo: subprocess.Popen[str]) -> None:
    assert demo.stderr is not None
    line = demo.stderr.readline()  # the first one: Scrapy's lists are not shown
    assert "] INFO: Plan: 59 workflows" in line


def processes_of(folder: Path) -> list[psutil.Process]:
    """Also the replica's: all but the server of Postgres are told by their working folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        if process.info["cwd"] == str(folder) or any(str(folder) in word for word in words):
            found.append(process)
    return found


def test_ctrl_c_is_one_sentence(start: Start, project: Path) -> None:
    demo = start()
    wait_for_plan(demo)
    os.killpg(demo.pid, signal.SIGINT)
    out, err = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 130
    assert err.endswith("n8n_scraper: The demo was interrupted; the next one starts anew.\n")
    assert "Traceback" not in err
    assert out == "Crawling 59 workflows of a stand-in on loopback at 2 requests a second …\n"
    assert "Spider closed (shutdown)" in (project / ".n8n_scraper" / "demo" / "crawl.log").read_text(encoding="utf-8")
    assert processes_of(project) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a crawl ends when its breaker gives up")
def test_nothing_outlives_a_killed_demo(start: Start, project: Path) -> None:
    demo = start()
    wait_for_plan(demo)
    assert len(processes_of(project)) > 3
    second = start()
    assert second.communicate(timeout=PATIENCE)[1] == "n8n_scraper: Another demo is running; wait for it.\n"
    assert second.returncode == 1
    demo.kill()
    wait_until(lambda: not processes_of(project))
