"""What each stage of a workflow's way costs in CPU time: the real code over real answers, stage by stage."""

from __future__ import annotations

import io
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.request import ProxyHandler, build_opener

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exporters import BaseItemExporter

from n8n_scraper.config import Config
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.exporters import exporter
from n8n_scraper.garbage import seldom_collected
from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.document import read_document
from n8n_scraper.layers.row import content_hash
from n8n_scraper.pipelines.quality import apply_score
from n8n_scraper.redaction.row import redact_row
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.detail import read_detail
from n8n_scraper.store.batches import MAX_ROWS
from n8n_scraper.store.database import connect
from n8n_scraper.store.rows import write_batch
from n8n_scraper.validation import implausible_columns
from n8n_scraper.visit import Visit, Wanted

T = TypeVar("T")
_RUN = "stages"


class Body(NamedTuple):
    id: int
    json: bytes


def read_bodies(replica: RunningReplica, ids: Sequence[int]) -> list[Body]:
    opener = build_opener(ProxyHandler({}))
    addresses = [(id, f"{replica.api_url}/api/templates/workflows/{id}") for id in ids]
    return [Body(id, opener.open(address, timeout=60).read()) for id, address in addresses]


class Stages:
    """``seconds`` fills up, in the order of the stages: CPU of this process (all its threads) for one workflow."""

    def __init__(self, bodies: Sequence[Body], site: Site) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._bodies = bodies
        self._site = site
        self._weights = Config().quality_weights

    def run(self, dsn: str, folder: Path) -> None:
        """``dsn`` is an empty store."""
        with seldom_collected():  # as in a crawl
            items = [self._derive(body) for body in self._bodies]
            self._store(items, dsn)
            self._timed("feeds (four formats)", lambda: _feeds(items))
            self._timed("snapshot (four formats)", lambda: write_snapshot(dsn, folder))
        for name in self.seconds:
            self.seconds[name] /= len(self._bodies)

    def _derive(self, body: Body) -> WorkflowItem:
        detail = self._timed("JSON read and checked", lambda: read_detail(body.json, body.id))
        wanted = Wanted(layers=(1, 2, 3), address=self._site.page(body.id, "x"), is_listed=True, price=(False, 0.0))
        visit = Visit(id=body.id, wanted=wanted)
        visit.take("detail", detail)
        item = self._timed("layers", lambda: visit.row(_RUN))
        self._within("layers", "Markdown", lambda: [read_document(text) for text in _texts(item)])
        self._within("layers", "hash", lambda: content_hash(item.name, item.description, item.workflow))
        self._timed("validation", lambda: implausible_columns(item, datetime.now(timezone.utc)))
        self._timed("redaction", lambda: redact_row(item, self._site))
        self._timed("quality", lambda: apply_score(item, self._weights))
        return item

    def _store(self, items: list[WorkflowItem], dsn: str) -> None:
        rescore = partial(apply_score, weights=self._weights)
        with closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
            for first in range(0, len(items), MAX_ROWS):
                batch, now = items[first : first + MAX_ROWS], datetime.now(timezone.utc)
                self._timed("store (without Postgres)", partial(write_batch, cursor, batch, now, rescore))

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        began = time.process_time()
        result = work()
        self.seconds[name] += time.process_time() - began
        return result

    def _within(self, outer: str, name: str, work: Callable[[], object]) -> None:
        """A part of a stage, done once more and told apart from it."""
        before = self.seconds[name]
        self._timed(name, work)
        self.seconds[outer] -= self.seconds[name] - before


def _texts(item: WorkflowItem) -> list[str]:
    return [item.description or "", *(note["text"] for note in item.sticky_notes or ())]


def _feeds(items: Sequence[WorkflowItem]) -> None:
    crawler = Crawler(Spider)
    feeds: list[BaseItemExporter] = [exporter(format_)(io.BytesIO(), crawler=crawler) for format_ in FORMATS]
    for feed in feeds:
        feed.start_exporting()
    for item in items:
        for feed in feeds:
            feed.export_item(item)
    for feed in feeds:
        feed.finish_exporting()
