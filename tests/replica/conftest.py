"""A replica for the tests of this folder, and a plain client that hides nothing."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from n8n_scraper.replica.process import RunningReplica, running_replica


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def replica() -> Iterator[RunningReplica]:
    """Nothing may change it: no faults are set here."""
    with running_replica(count=120, icons=200) as running:
        yield running


@pytest.fixture(scope="session")
def library(replica: RunningReplica) -> list[dict[str, Any]]:
    return replica.library()


@pytest.fixture(scope="session")
def good(library: list[dict[str, Any]]) -> dict[str, Any]:
    """A listed, free template without any trap."""
    return next(row for row in library if row["listed"] and row["trap"] is None and row["price"] is None)


@pytest.fixture(scope="session")
def ask() -> Ask:
    def get(address: str, **headers: str) -> Answer:
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    return get
