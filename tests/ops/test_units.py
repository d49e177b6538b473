"""The example units of systemd: read by systemd itself where it is, and the commands in them by us."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from n8n_scraper.arguments import Arguments
from n8n_scraper.site.addresses import Site

from ..waiting import PATIENCE

OPS = Path(__file__).parents[2] / "n8n_scraper" / "ops"
UNITS = ("n8n-scraper.service", "n8n-scraper.timer")
FOLDER = "/srv/n8n/n8n_scraper"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not there")
def test_systemd_has_nothing_to_say_against_them(tmp_path: Path) -> None:
    for name in UNITS:
        text = (OPS / name).read_text(encoding="utf-8").replace(f"{FOLDER}/.venv/bin/scrapy", sys.executable)
        (tmp_path / name).write_text(text.replace(FOLDER, str(tmp_path)), encoding="utf-8")
    command = ["systemd-analyze", "verify", *(tmp_path / name for name in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def read(name: str) -> ConfigParser:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser says: keys keep their case
    unit.read(OPS / name, encoding="utf-8")
    return unit


def test_the_service_crawls_with_arguments_that_are_there() -> None:
    service = read("n8n-scraper.service")["Service"]
    scrapy, *words = shlex.split(service["ExecStart"])
    assert (scrapy, words[:3]) == (f"{service['WorkingDirectory']}/.venv/bin/scrapy", ["crawl", "workflows", "-a"])
    given = dict(word.split("=", 1) for word in words[3:])
    assert Arguments.read(given, Site("https://n8n.io", "https://api.n8n.io")).refresh == 30
    assert shlex.split(service["ExecStartPre"]) == [scrapy, "preflight"]
    assert service["KillMode"] == "process", "systemd must not stop the embedded Postgres under others"


def test_the_timer_starts_the_service() -> None:
    assert UNITS[1].removesuffix("timer") == UNITS[0].removesuffix("service")
    timer = read("n8n-scraper.timer")
    assert timer["Timer"]["OnCalendar"].startswith("Mon ")
    assert timer["Install"]["WantedBy"] == "timers.target"
