"""Writes items to the store in batches. ``process_item`` returns when the row is committed: only then is a workflow
done.

An item that an exception takes away before it gets here, in the spider or in a pipeline, is stored as failed
(``internal``), counted and acknowledged, so that no row is lost in silence.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import psycopg2
from psycopg2.extensions import cursor as Cursor
from scrapy import signals
from scrapy.exceptions import DropItem

from n8n_scraper import stats
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.items import LAYERS, WorkflowItem
from n8n_scraper.pipelines.quality import apply_score
from n8n_scraper.printable import printable
from n8n_scraper.project import load_config
from n8n_scraper.signals import row_stored
from n8n_scraper.stages import waits_for_stages
from n8n_scraper.store import jobs, run_workflows
from n8n_scraper.store.batches import Batches
from n8n_scraper.store.faults import close_reason, stop_reason
from n8n_scraper.store.forgotten import forgotten_ids
from n8n_scraper.store.merge import FORGOTTEN, Decision
from n8n_scraper.store.rows import write_batch
from n8n_scraper.visit import failed_row

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure
    from typing_extensions import Self

    from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)


class StorePipeline:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        config = load_config(crawler.settings)
        self._rescore = partial(apply_score, weights=config.quality_weights)
        self._kept_versions = config.history_versions
        self._batches: Batches[WorkflowItem] = Batches(self._write, lambda: self._spider.worklist.visit_count)
        self._saving: set[asyncio.Future[None]] = set()
        self._parked: dict[int, tuple[dict[int, str] | None, str | None]] = {}
        """What this crawl saw of workflows that wait for their stages as ids: layer statuses and source."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline._item_error, signals.item_error)
        crawler.signals.connect(pipeline._spider_error, signals.spider_error)
        return pipeline

    @property
    def _spider(self) -> WorkflowsSpider:
        return cast("WorkflowsSpider", self._crawler.spider)

    async def process_item(self, item: WorkflowItem) -> WorkflowItem:
        if item.is_stored:
            item.seen, item.source = self._parked.pop(item.id, (None, None))
            return item
        item.seen = _layer_statuses(item)
        try:
            await self._batches.add(item)
        except (StoreUnavailable, psycopg2.Error):
            raise DropItem(f"workflow {item.id} is not stored: it is due again", log_level="DEBUG") from None
        self._spider.refuse_left_out(item)
        self._count_seen(item)
        self._crawler.signals.send_catch_log(row_stored, item=item)
        if self._spider.arguments.stages:
            self._begin_stages(item)
        return item

    def _begin_stages(self, item: WorkflowItem) -> None:
        item.is_stored, item.answer = True, None  # the answer may be large, and stages may take long
        if not self._spider.worklist.stage(item.id):
            self._parked[item.id] = (item.seen, item.source)
            raise DropItem(f"workflow {item.id} is stored, its stages come later", log_level="DEBUG")

    async def _write(self, items: list[WorkflowItem]) -> None:
        """Raises:
        StoreUnavailable, psycopg2.Error: nothing can be stored any more; the crawl stops.
        """
        stages = self._spider.arguments.stages
        staged = frozenset(item.id for item in items if waits_for_stages(item, stages))
        try:
            await self._store(items, staged)
        except (StoreUnavailable, psycopg2.Error) as error:
            logger.error("%d rows cannot be stored: %s", len(items), str(error).split("\n", 1)[0])
            self._spider.stop(stop_reason(error))
            raise

    async def _store(self, items: list[WorkflowItem], staged: frozenset[int]) -> None:
        began = time.perf_counter()
        try:
            transaction = partial(self._transaction, items=items, staged=staged)
            decisions, forgotten = await self._spider.session.run(transaction)
        except (psycopg2.Error, ValueError) as error:
            if close_reason(error):
                raise
            if len(items) == 1:
                await self._store_refused(items[0], error)
            else:  # one bad row must not take its batch with it
                for item in items:
                    await self._store([item], staged)
            return
        self._count_stored(decisions, time.perf_counter() - began)
        self._spider.leave_out(forgotten)

    def _transaction(
        self, cursor: Cursor, items: list[WorkflowItem], staged: frozenset[int] = frozenset()
    ) -> tuple[list[Decision], frozenset[int]]:
        """What was written, and what is taken down by now."""
        now = datetime.now(timezone.utc)
        decisions = write_batch(cursor, items, now, self._rescore, kept_versions=self._kept_versions)
        pairs = [pair for pair in zip(items, decisions, strict=True) if pair[1] is not FORGOTTEN]
        run_workflows.record(cursor, self._spider.run_id, pairs, now)
        assert self._spider.job is not None
        stored = {item.id for item in items if item.error_kind != "blocked"}  # see stages.is_refused
        jobs.acknowledge(cursor, self._spider.job.id, stored - staged)
        jobs.note_stored(cursor, self._spider.job.id, stored & staged)
        return decisions, forgotten_ids(cursor)

    async def _store_refused(self, item: WorkflowItem, error: Exception) -> None:
        said = printable(str(error).split("\n", 1)[0])  # what follows may quote the row
        logger.error("The store refused workflow %d: %s: %s", item.id, type(error).__name__, said)
        asked = [layer for layer, column in LAYERS.items() if getattr(item, column) != "skipped"]
        reason = f"the store refused the row ({type(error).__name__})"
        stages = self._spider.arguments.stages
        row = failed_row(item.id, asked, item.run_id or "", "store", reason, stages=stages)
        row.seen = _layer_statuses(row)
        await self._spider.session.run(partial(self._transaction, items=[row]))
        for name in row.__slots__:
            setattr(item, name, getattr(row, name))

    async def close_spider(self) -> None:
        if self._saving:
            await asyncio.wait(self._saving)

    def _item_error(self, item: WorkflowItem, failure: Failure) -> None:
        if not self._spider.stop_reason:  # else what is not committed is due again
            self._save(item.id, f"{type(failure.value).__name__} in a pipeline")

    def _spider_error(self, failure: Failure, response: Response | Failure | None) -> None:
        meta: dict[str, Any] = getattr(getattr(response, "request", None), "meta", {})
        if visit := meta.get("visit"):
            self._save(visit.id, f"{type(failure.value).__name__} in the spider")

    def _save(self, id: int, reason: str) -> None:
        """Store a workflow that our own fault took away as failed, past the pipelines that may have the fault."""
        self._crawler.stats.inc_value(stats.PIPELINE_ERROR_COUNT)
        asked = self._spider.arguments
        row = failed_row(id, asked.needed_layers, self._spider.run_id, "internal", reason, stages=asked.stages)
        task = asyncio.ensure_future(self._save_row(row))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    async def _save_row(self, row: WorkflowItem) -> None:
        row.seen = _layer_statuses(row)
        await self._batches.add(row)
        if row.id in self._spider.left_out:
            return
        self._count_seen(row)
        await self._crawler.signals.send_catch_log_async(
            signals.item_scraped, item=row, response=None, spider=self._crawler.spider
        )

    def _count_seen(self, item: WorkflowItem) -> None:
        counts = self._crawler.stats
        for layer, status in (item.seen or {}).items():
            counts.inc_value(stats.LAYER_STATUS_COUNT.format(f"layer{layer}", status))
        if item.error_kind:
            counts.inc_value(stats.FAILURE_COUNT.format(item.error_kind))

    def _count_stored(self, decisions: list[Decision], seconds: float) -> None:
        counts = self._crawler.stats
        counts.inc_value(stats.STORE_BATCH_COUNT)
        counts.inc_value(stats.STORE_SECONDS, seconds)  # type: ignore[arg-type]  # declared for int, adds any number
        for decision in decisions:
            counts.inc_value(stats.STORED_COUNT.format(decision.outcome))


def _layer_statuses(item: WorkflowItem) -> dict[int, str]:
    return {layer: getattr(item, column) for layer, column in LAYERS.items()}
