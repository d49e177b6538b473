"""A scrapyd of its own, with the project deployed to it as a user does: an egg made of the checkout.

It listens on loopback, asks for a password that nobody else knows, and its jobs know store and replica from its
environment. It and its jobs are one process group and end with it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import psutil

from n8n_scraper.exceptions import StartError
from n8n_scraper.project import project_root

PROJECT = "n8n_scraper"
SPIDER = "workflows"
USER = "load"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
DEPLOY_SECONDS = 180.0
_CHECKOUT = ("pyproject.toml", "requirements.txt", "README.md", "LICENSE")
_CONFIG = """[scrapyd]
bind_address = 127.0.0.1
http_port = {port}
username = {user}
password = {password}
finished_to_keep = 100000
"""
_DEPLOY = """[settings]
default = n8n_scraper.settings
[deploy]
project = n8n_scraper
url = {address}/
username = {user}
password = {password}
"""


class Job(NamedTuple):
    """In seconds since the epoch."""

    started_at: float
    ended_at: float | None


@dataclass(frozen=True)
class ScrapydServer:
    address: str
    password: str
    pid: int

    @property
    def authorization(self) -> str:
        return f"Basic {b64encode(f'{USER}:{self.password}'.encode()).decode()}"

    def ask(self, service: str, **query: str) -> dict[str, Any]:
        request = Request(f"{self.address}/{service}?{urlencode(query)}", headers={"Authorization": self.authorization})  # noqa: S310 - of ours
        with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def wait_until_idle(self, longest: float) -> bool:
        """Until no job runs or waits; False when it took longer."""
        end = time.monotonic() + longest
        while time.monotonic() < end:
            state = self.ask("daemonstatus.json")
            if not state["running"] and not state["pending"]:
                return True
            time.sleep(0.5)
        return False

    def cpu_seconds_of_jobs(self) -> float:
        """Of those that have ended, as the system counts them."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.children_user + times.children_system)

    def jobs(self) -> dict[str, Job]:
        """Those that were started, by id."""
        listed = self.ask("listjobs.json", project=PROJECT)
        return {
            job["id"]: Job(_moment(job["start_time"]), _moment(job["end_time"]) if "end_time" in job else None)
            for job in [*listed["running"], *listed["finished"]]
        }


@contextmanager
def running_scrapyd(folder: Path, settings: Mapping[str, str], **options: object) -> Iterator[ScrapydServer]:
    """``settings`` are ours, for the jobs; ``options`` go into scrapyd.conf (``max_proc=2`` …).

    Raises:
        StartError: it did not start, or the egg could not be made or deployed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = {"port": _free_port(), "user": USER, "password": secrets.token_hex(16)}
    config = _CONFIG.format(**known) + "".join(f"{name} = {value}\n" for name, value in options.items())
    (folder / "scrapyd.conf").touch(0o600)
    (folder / "scrapyd.conf").write_text(config, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("N8N_SCRAPER_")}
    kept.pop("PYTHONPATH", None)  # jobs take the code from the egg
    with (folder / "scrapyd.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapyd", "--pidfile="],
            cwd=folder,
            env={**kept, **settings},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = ScrapydServer(f"http://127.0.0.1:{known['port']}", str(known["password"]), process.pid)
    try:
        _wait_until_it_answers(server, process, folder / "scrapyd.log")
        _deploy(folder / "checkout", server.address, server.password)
        yield server
    finally:
        _stop(process)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(server: ScrapydServer, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            server.ask("daemonstatus.json")
        except (URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise StartError(f"scrapyd did not start: {_tail(log.read_text(encoding='utf-8', errors='replace'))}")


def _deploy(checkout: Path, address: str, password: str) -> None:
    """From a copy of the checkout, as making an egg leaves files behind."""
    root = project_root()
    assert root is not None
    checkout.mkdir(mode=0o700)
    for name in _CHECKOUT:
        shutil.copy(root / name, checkout)
    shutil.copytree(root / PROJECT, checkout / PROJECT, ignore=shutil.ignore_patterns("__pycache__"))
    config = _DEPLOY.format(address=address, user=USER, password=password)
    (checkout / "scrapy.cfg").write_text(config, encoding="utf-8")
    command = [sys.executable, "-m", "scrapyd_client.deploy"]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=checkout, capture_output=True, text=True, timeout=DEPLOY_SECONDS, check=False
    )
    if '"status": "ok"' not in done.stdout:
        raise StartError(f"The egg could not be deployed: {_tail(done.stdout + done.stderr)}")


def _tail(text: str) -> str:
    return " / ".join(text.strip().splitlines()[-3:]) or "nothing was said"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """With its jobs, which would outlive it."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
        except ProcessLookupError:
            break
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end and _lives(process):
            time.sleep(0.1)
    process.wait()


def _lives(process: subprocess.Popen[bytes]) -> bool:
    """Whether any process of the group does."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
