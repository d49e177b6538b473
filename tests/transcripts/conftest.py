"""The real library against the replica's YouTube."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.transcripts.fetching import Captions, fetch_captions
from n8n_scraper.transcripts.transport import Limits, Transport, new_session

ID = "dQw4w9WgXcQ"
LIMITS = Limits(connect=2.0, read=0.7, whole=1.5, body_bytes=1_000_000)


@pytest.fixture(scope="session")
def youtube() -> Iterator[RunningReplica]:
    with running_replica(count=1, traps=0, icons=0) as replica:
        yield replica


@pytest.fixture
def new_client(youtube: RunningReplica) -> Callable[..., requests.Session]:
    def start(limits: Limits = LIMITS) -> requests.Session:
        transport = Transport(youtube.youtube_url, limits, lambda number: None, lambda status, sent_at, wait: None)
        return new_session(transport, "n8n_scraper tests")

    return start


@pytest.fixture
def fetch(new_client: Callable[..., requests.Session]) -> Callable[..., Captions]:
    def run(video_id: str = ID, languages: tuple[str, ...] = ("en",), limits: Limits = LIMITS) -> Captions:
        with new_client(limits) as session:
            return fetch_captions(video_id, session, languages)

    return run
