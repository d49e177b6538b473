"""``scrapy scale watch``: looks at what another terminal's scale command samples, until that ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection

from n8n_scraper import stats
from n8n_scraper.exceptions import StartError
from n8n_scraper.scale import watch_view, watched_run
from n8n_scraper.scale.samples import Sample, read_samples, values
from n8n_scraper.scale.store_probe import connect_aside
from n8n_scraper.scale.store_quality import StoreQuality, read_quality
from n8n_scraper.scale.traces import crawl_counters, labelled_series
from n8n_scraper.scale.watched_run import WatchedRun
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.terminal import open_live

LOOK_SECONDS = 1.0
LINE_SECONDS = 5.0
SECONDS_SHOWN = 60
STORED = ("rows", "queue", "database")
LAST_BYTES = 100_000
"""Of the samples: more than SECONDS_SHOWN of them."""


def watch(folders: Sequence[Path], say: Callable[[str], None]) -> None:
    """Show a run until its end: the one of the folder, or whatever the newest scale command samples, step by step.

    Raises:
        StartError: there is none.
    """
    if len(folders) > 1:
        raise StartError("scrapy scale watch shows one run at a time.")
    folder = folders[0] if folders else None
    run = watched_run.newest() if folder is None else watched_run.read(folder)
    if run is None:
        raise StartError("No scale run is going on: start one in another terminal, like scrapy scale run --size 500.")
    if folder is not None and not run.is_sampled:
        raise StartError(f"The run in {folder} is over: {_ending(run)}.")
    say(f"Watching {Path(run.samples).parent} (process {run.pid}), until it ends.")
    terminal, told = open_live(), 0.0
    with Eye(run) as eye:
        while run := _now(run, folder):
            seen = eye.look(run)
            if terminal:
                terminal.show(watch_view.view(seen))
            elif time.monotonic() - told >= LINE_SECONDS:
                told = time.monotonic()
                say(watch_view.line(seen))
            time.sleep(LOOK_SECONDS)
    if terminal:
        terminal.close()
    say(f"Ended: {_ending(eye.run)}.")


def _now(run: WatchedRun, folder: Path | None) -> WatchedRun | None:
    """What the same command samples now; between two of its steps, the one before. None: it is over."""
    if folder is not None:
        run = watched_run.read(folder)
        return run if run.is_sampled else None
    return watched_run.newest(run.pid)


def _ending(run: WatchedRun) -> str:
    """How the sampling ended, as its file has it now."""
    try:
        run = watched_run.read(Path(run.samples).parent)
    except StartError:
        return f"process {run.pid} has removed its temporary folder"
    if run.ended is not None:
        return f"sampled for {run.ended - run.began:.0f} s; the samples are in {run.samples}"
    return f"process {run.pid} is gone and left no word of its end; it was killed"


class Eye:
    """Sees a run with a connection of its own to the store, which it opens again for the next run.

    What was last seen of a store stays in sight when its server has stopped.
    """

    def __init__(self, run: WatchedRun) -> None:
        self.run = run
        self._quality: StoreQuality | None = None
        self._sample: Sample = {}
        self._connection: connection | None = None

    def __enter__(self) -> Eye:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def look(self, run: WatchedRun) -> watch_view.Seen:
        if run != self.run:
            self._close()
            self.run, self._quality, self._sample = run, None, {}
        samples = _samples(run)
        if samples:
            kept = {name: self._sample.get(name) for name in STORED if samples[-1][name] is None}
            self._sample = {**samples[-1], **kept}
        self._quality = self._look_into_store() or self._quality
        return watch_view.Seen(
            f"{Path(run.samples).parent} (process {run.pid})",
            time.time() - run.began,
            self._sample,
            tuple(values(samples[-SECONDS_SHOWN:], "items")),
            self._quality,
            _nulled(run),
        )

    def _look_into_store(self) -> StoreQuality | None:
        """None while no server answers."""
        try:
            if self._connection is None:
                self._connection = connect_aside(EmbeddedPostgres(Path(self.run.store)).dsn())
            with self._connection.cursor() as cursor:
                return read_quality(cursor)
        except (psycopg2.Error, StartError):  # not started yet, stopping, or its tables are still being made
            self._close()
            return None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _samples(run: WatchedRun) -> list[Sample]:
    try:
        return list(read_samples(Path(run.samples), LAST_BYTES))
    except StartError:
        return []


def _nulled(run: WatchedRun) -> Mapping[str, int]:
    counted = labelled_series(crawl_counters(Path(run.exports)), stats.VALIDATION_COUNT)
    return {column: round(count) for column, count in counted.items() if count}
