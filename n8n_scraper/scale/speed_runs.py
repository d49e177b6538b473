"""Crawls that are measured while they run: ours with everything on, ours with less, and a bare spider."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale import bare_spider, speed
from n8n_scraper.scale.measuring import cpu_with_children, measured
from n8n_scraper.scale.speed import Measured
from n8n_scraper.scale.stages import Stages, read_bodies
from n8n_scraper.scale.trial import Trial
from n8n_scraper.settings import CONCURRENT_REQUESTS, ITEM_PIPELINES
from n8n_scraper.site.addresses import Site
from n8n_scraper.store.embedded_place import prepare_place
from n8n_scraper.store.embedded_process import postmaster

MOST_PROFILED = 700
"""Workflows of which the stages are measured, spread over all."""
EVERYTHING = "everything on"
NOTHING_WRITTEN = "no rows, feeds and snapshot"
BARE = "bare Scrapy spider"
_STORE = "n8n_scraper.pipelines.store.StorePipeline"
_WRITES_NOTHING = {
    "ITEM_PIPELINES": json.dumps({path: order for path, order in ITEM_PIPELINES.items() if path != _STORE}),
    "FEEDS": "{}",
}
"""The frontier is still read from the store, and a snapshot of no rows is written."""


def compare(replica: RunningReplica, folder: Path, *, rounds: int, say: Callable[..., None]) -> bool:
    """Crawl with everything, without writing, and bare, so many times by turns; says whether the aims are reached."""
    found = [list(_one_of_each(replica, folder / f"round{number}")) for number in range(rounds)]
    everything, unwritten, bare = map(speed.cheapest, zip(*found, strict=True))
    say(f"{everything.workflows} workflows, {rounds} times", *speed.speed_lines(bare, (everything, unwritten)), "")
    ids = listed_ids(replica)
    bodies = read_bodies(replica, ids[:: 1 + len(ids) // MOST_PROFILED])
    stages = Stages(bodies, Site(replica.site_url, replica.api_url))
    with _new_trial(replica, folder / "stages") as trial, trial.store() as dsn:
        stages.run(dsn, trial.exports)
    say(*speed.stage_lines(stages.seconds, everything), "")
    missed = speed.missed(bare, everything)
    say(*(f"missed: {sentence}" for sentence in missed))
    return not missed


def watch_memory(replica: RunningReplica, folder: Path, *, say: Callable[..., None]) -> bool:
    """One crawl with everything on; says whether its memory stays as flat as it should."""
    everything = _crawl_with_everything(replica, folder / "memory")
    say(*speed.memory_lines(everything), "", speed.memory_sentence(everything))
    return everything.mb_per_10_000() < speed.MOST_MB_PER_10_000


def listed_ids(replica: RunningReplica) -> list[int]:
    return [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]


def _one_of_each(replica: RunningReplica, folder: Path) -> Iterator[Measured]:
    """With everything on, without writing, bare."""
    folder.mkdir(mode=0o711)
    yield _crawl_with_everything(replica, folder / "everything")
    with _new_trial(replica, folder / "unwritten", _WRITES_NOTHING) as trial:
        yield _ours(NOTHING_WRITTEN, replica, trial)
    yield _crawl_bare(replica, folder / "bare")


def _crawl_with_everything(replica: RunningReplica, folder: Path) -> Measured:
    with _new_trial(replica, folder) as trial:
        return _ours(EVERYTHING, replica, trial)


@contextmanager
def _new_trial(replica: RunningReplica, folder: Path, settings: Mapping[str, Any] | None = None) -> Iterator[Trial]:
    """Its store is made and its server started by us, so that neither counts for a crawl."""
    folder.mkdir(mode=0o711)
    trial = Trial(folder, replica, settings or {})
    try:
        with trial.store():
            yield trial
    finally:
        trial.close()


def _crawl_bare(replica: RunningReplica, folder: Path) -> Measured:
    """The same addresses with Scrapy's defaults, as many at a time as ours, and no line logged for each."""
    folder.mkdir(mode=0o711)
    addresses = folder / "addresses"
    addresses.write_text("".join(f"{replica.api_url}/api/templates/workflows/{id}\n" for id in listed_ids(replica)))
    settings = {
        "CONCURRENT_REQUESTS": CONCURRENT_REQUESTS,
        "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENT_REQUESTS,
        "LOG_LEVEL": "INFO",
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
    }
    command = [sys.executable, "-m", "scrapy", "runspider", bare_spider.__file__, "-a", f"addresses={addresses}"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    log = folder / "crawl.log"
    outside = {name: value for name, value in os.environ.items() if name != "SCRAPY_SETTINGS_MODULE"}
    with log.open("wb") as said:
        crawl = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, env=outside, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
    return measured(BARE, crawl, log, replica, lambda: 0.0)


def _ours(name: str, replica: RunningReplica, trial: Trial) -> Measured:
    server = postmaster(prepare_place(trial.postgres.root))
    assert server is not None  # its user is the trial's store, open here
    return measured(name, trial.start(), trial.log, replica, lambda: cpu_with_children(server))
