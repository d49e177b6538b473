"""A replica in a process of its own, for tests, the demo and scale runs."""

from __future__ import annotations

import json
import os
import re
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from n8n_scraper.exceptions import StartError

Rule = dict[str, Any]
"""A rule of a fault plan, see ``fault_rules``."""
_ROOT = str(Path(__file__).parents[2])
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class RunningReplica(NamedTuple):
    site_url: str
    api_url: str
    youtube_url: str
    media_url: str
    access_log: Path
    pid: int

    @property
    def settings(self) -> dict[str, str]:
        """The settings that point a crawl here."""
        return {
            "N8N_SCRAPER_SITE_URL": self.site_url,
            "N8N_SCRAPER_API_URL": self.api_url,
            "N8N_SCRAPER_YOUTUBE_URL": self.youtube_url,
        }

    def stats(self) -> dict[str, Any]:
        """Counts of all requests so far, see ``traffic.Traffic.as_dict``."""
        stats: dict[str, Any] = self._ask("/__stats")
        return stats

    def library(self) -> list[dict[str, Any]]:
        """Every template, see ``library.Entry``; also those that are gone, unpublished or unlisted."""
        rows: list[dict[str, Any]] = self._ask("/__library")
        return rows

    def entries(self) -> list[dict[str, Any]]:
        """The access log so far, in order of arrival."""
        lines = self.access_log.read_text(encoding="utf-8").split("\n")
        return sorted((json.loads(line) for line in lines if line), key=lambda entry: float(entry["t"]))

    def set_faults(self, *rules: Rule, seed: int = 1) -> None:
        """Replace the fault plan, see ``fault_rules``; without rules nothing goes wrong any more."""
        self._ask("/__faults", json.dumps({"seed": seed, "rules": rules}).encode())

    def faults(self) -> dict[str, Any]:
        """The plan in force, with how often each rule has ``fired``."""
        plan: dict[str, Any] = self._ask("/__faults")
        return plan

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        method = "GET" if body is None else "PUT"
        request = Request(self.api_url + path, data=body, method=method)  # noqa: S310 - an address of our own
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise StartError(error.read().decode()) from None


@contextmanager
def running_replica(
    *, faults: Sequence[Rule] = (), start_timeout: float = 60.0, **options: Any
) -> Iterator[RunningReplica]:
    """Run a replica with these options (``count=50, latency="0.1-0.2", api_robots="closed"`` …) and stop it.

    ``faults`` are the rules of a fault plan. The replica ends with the block, and also when this process dies: it
    reads a pipe that closes then.

    Raises:
        StartError: it did not start; the message is what it said.
    """
    with tempfile.TemporaryDirectory(prefix="replica-") as folder:
        options.setdefault("access_log", Path(folder, "access.jsonl"))
        if faults:
            options["faults"] = Path(folder, "faults.json")
            options["faults"].write_text(json.dumps({"rules": list(faults)}), encoding="utf-8")
        with _started(_command(options), Path(folder, "stderr")) as process:
            try:
                addresses = _addresses(process, start_timeout)
                yield RunningReplica(*addresses, Path(options["access_log"]), process.pid)
            except _SaidNothingError:
                _stop(process)
                complaint = Path(folder, "stderr").read_text(encoding="utf-8").strip() or "it said nothing"
                raise StartError(f"The replica did not start: {complaint}") from None
            finally:
                _stop(process)


class _SaidNothingError(Exception):
    """No addresses came in time."""


def _command(options: dict[str, Any]) -> list[str]:
    command = [sys.executable, "-m", "n8n_scraper.replica", "--until-stdin-ends"]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            command.append(flag)
        elif value is not False and value is not None:
            command.append(f"{flag}={value}")
    return command


def _started(command: list[str], complaints: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join([_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])])
    with complaints.open("w") as stderr:
        return subprocess.Popen(  # noqa: S603 - our own module with our own options
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,  # Ctrl-C is for who uses it: the replica answers until the end
        )


def _addresses(process: subprocess.Popen[str], timeout: float) -> tuple[str, str, str, str]:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(timeout) else ""
    found = _ADDRESS.findall(line)
    if len(found) < 4:
        raise _SaidNothingError
    return found[0], found[1], found[2], found[3]


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
