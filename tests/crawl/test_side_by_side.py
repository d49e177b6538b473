"""The stages of one workflow run side by side: slow images hold no transcript up."""

from __future__ import annotations

from collections.abc import Callable

from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale.candidates import survey

from .conftest import Crawler

COUNT = 80
SLOW_SECONDS = 6.0


def test_transcripts_begin_beside_the_images(crawl: Crawler, new_replica: Callable[..., RunningReplica]) -> None:
    library = survey(GeneratedLibrary(Recipe(count=COUNT)), "https://images.example.com")
    whole = next(one for one in library if one.images and one.videos and not one.has_images_elsewhere)
    replica = new_replica(count=COUNT, images="self")
    replica.set_faults({"host": "media", "route": "image", "kind": "slow", "seconds": SLOW_SECONDS})
    rates = {f"N8N_SCRAPER_{what}_REQUESTS_PER_SECOND": 200 for what in ("MEDIA", "TRANSCRIPT")}
    done = crawl(replica, f"ids={whole.id}", "layers=1,2,3,media,transcripts", **rates)
    assert done.code == 0, done.said
    [row] = done.snapshot()
    assert (row["media_status"], row["transcripts_status"]) == ("ok", "ok")
    entries = replica.entries()
    image = next(entry["t"] for entry in entries if entry["host"] == "media" and "fault" in entry)
    transcript = next(entry["t"] for entry in entries if entry["host"] == "youtube")
    # The replica notes a request when it answers, with the time it came.
    assert abs(transcript - image) < SLOW_SECONDS
