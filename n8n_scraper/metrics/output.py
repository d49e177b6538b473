"""Where the metrics of a run go: a textfile, as the node exporter reads it, or a Pushgateway. Both block: use a thread.

A Pushgateway keeps what it is given until it is deleted. So a run has a group of its own, deleted when it has ended;
what stays is one group per machine that says how the last run ended. A crawl that is killed leaves its group behind.
"""

from __future__ import annotations

import socket
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry, delete_from_gateway
from prometheus_client.exposition import generate_latest
from scrapy_prometheus import push_to_gateway

from n8n_scraper.export.aside import write_aside
from n8n_scraper.metrics.names import OUTCOME

JOB = "n8n_scraper"
TIMEOUT = 5.0
"""Seconds a Pushgateway may take to answer; a crawl waits for it at its end."""
FAILURES = (OSError, HTTPException)
"""What :meth:`Output.write` and :meth:`Output.end` raise."""


class Output(Protocol):
    def write(self, registry: CollectorRegistry) -> None:
        """Replace what was told before."""

    def end(self, registry: CollectorRegistry) -> None:
        """Tell it for the last time."""


class Textfile:
    """Replaced in one step, and left there at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, registry: CollectorRegistry) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_aside(self.path, generate_latest(registry).decode())

    def end(self, registry: CollectorRegistry) -> None:
        self.write(registry)


class Pushgateway:
    def __init__(self, address: str, run_id: str) -> None:
        self._address = address
        self._machine = {"instance": socket.gethostname()}
        self._run = {**self._machine, "run_id": run_id}

    def write(self, registry: CollectorRegistry) -> None:
        self._push(registry, self._run)

    def end(self, registry: CollectorRegistry) -> None:
        self._push(registry.restricted_registry(OUTCOME), self._machine)
        delete_from_gateway(self._address, JOB, self._run, TIMEOUT)

    def _push(self, registry: object, group: dict[str, str]) -> None:
        push_to_gateway(self._address, registry, "PUT", TIMEOUT, JOB, group)
