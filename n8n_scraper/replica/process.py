"""A replica in a process of its own, for tests, the demo and scale runs."""

from __future__ import annotations

import json
import re
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

from n8n_scraper.exceptions import StartError

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class RunningReplica(NamedTuple):
    site_url: str
    api_url: str
    access_log: Path
    pid: int

    @property
    def settings(self) -> dict[str, str]:
        """The settings that point a crawl here."""
        return {"N8N_SCRAPER_SITE_URL": self.site_url, "N8N_SCRAPER_API_URL": self.api_url}

    def stats(self) -> dict[str, Any]:
        """Counts of all requests so far, see ``traffic.Traffic.as_dict``."""
        stats: dict[str, Any] = self._get("/__stats")
        return stats

    def library(self) -> list[dict[str, Any]]:
        """Every template, see ``library.Entry``; also those that are gone, unpublished or unlisted."""
        rows: list[dict[str, Any]] = self._get("/__library")
        return rows

    def entries(self) -> list[dict[str, Any]]:
        """The access log so far, in order of arrival."""
        lines = self.access_log.read_text(encoding="utf-8").split("\n")
        return sorted((json.loads(line) for line in lines if line), key=lambda entry: float(entry["t"]))

    def _get(self, path: str) -> Any:
        with urlopen(self.api_url + path, timeout=60) as answer:  # noqa: S310 - an address of our own on loopback
            return json.load(answer)


@contextmanager
def running_replica(*, start_timeout: float = 60.0, **options: Any) -> Iterator[RunningReplica]:
    """Run a replica with these options (``count=50, latency="0.1-0.2", api_robots="closed"`` …) and stop it.

    It ends with the block, and also when this process dies: it reads a pipe that closes then.

    Raises:
        StartError: it did not start; the message is what it said.
    """
    with tempfile.TemporaryDirectory(prefix="replica-") as folder:
        access_log = Path(options.pop("access_log", None) or Path(folder, "access.jsonl"))
        command = [sys.executable, "-m", "n8n_scraper.replica", "--until-stdin-ends", f"--access-log={access_log}"]
        process = subprocess.Popen(  # noqa: S603 - our own module with our own options
            [*command, *_arguments(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                site_url, api_url = _addresses(process, start_timeout)
                yield RunningReplica(site_url, api_url, access_log, process.pid)
            finally:
                _stop(process)


def _arguments(options: dict[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            yield flag
        elif value is not False and value is not None:
            yield f"{flag}={value}"


def _addresses(process: subprocess.Popen[str], timeout: float) -> list[str]:
    assert process.stdout is not None
    assert process.stderr is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(timeout) else ""
    addresses = _ADDRESS.findall(line)[:2]
    if len(addresses) < 2:
        _stop(process)
        raise StartError(f"The replica did not start: {process.stderr.read().strip() or 'it said nothing'}")
    return addresses


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
