"""The stage ``transcripts`` in whole crawls, against the replica's YouTube."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.replica.youtube import spoken, tracks

from .conftest import Crawler

COUNT = 60
FAST = {"N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 500, "DOWNLOAD_TIMEOUT": 3}
LAYERS = "layers=1,2,3,transcripts"
_VIDEO = re.compile(
    rb"(?:youtu\.be/|youtube(?:-nocookie)?\.com/(?:watch\?v=|embed/|shorts/|live/)|@\[youtube\]\()([\w-]{11})"
)


@pytest.fixture(scope="module")
def replica() -> Iterator[RunningReplica]:
    with running_replica(count=COUNT, icons=0) as running:
        yield running


@pytest.fixture(scope="module")
def videos() -> dict[int, list[str]]:
    """Workflows of the library that link to a video, and which: counted without our parser."""
    library = GeneratedLibrary(Recipe(count=COUNT, icons=0))
    listed = [id for id, entry in library.entries.items() if entry.listed and entry.is_published]
    found = {id: list(dict.fromkeys(map(bytes.decode, _VIDEO.findall(library.answer(id))))) for id in listed}
    return {id: ids for id, ids in found.items() if ids}


def _ids(videos: dict[int, list[str]], count: int = 4) -> str:
    return "ids=" + ",".join(map(str, sorted(videos)[:count]))


def _asked(replica: RunningReplica, before: int = 0) -> list[dict[str, Any]]:
    return [entry for entry in replica.entries()[before:] if entry["host"] == "youtube"]


def test_what_is_said_in_the_videos_is_in_the_rows(
    crawl: Crawler, replica: RunningReplica, videos: dict[int, list[str]]
) -> None:
    replica.set_faults()
    done = crawl(replica, _ids(videos), LAYERS, **FAST)
    assert done.code == 0, done.said
    for row in done.snapshot():
        assert row["transcripts_status"] == "ok"
        assert row["crawl_status"] == "complete"
        assert [entry["video_id"] for entry in row["transcripts"]] == videos[row["id"]]
        for entry in row["transcripts"]:
            track = tracks(entry["video_id"])[0]
            assert (entry["status"], entry["language"], entry["is_generated"]) == ("ok", "en", track.is_generated)
            assert entry["text"] == re.sub("</?i>", "", " ".join(spoken(entry["video_id"], track)))
    assert done.feed() == done.snapshot()
    assert done.stats()["transcripts/video_count/ok"] == sum(len(row["transcripts"]) for row in done.snapshot())
