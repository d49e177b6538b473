"""The end of the stages: what they changed in the row is written, and only then the workflow is done.

How a stage plugs in: a pipeline between StorePipeline (400) and this one (700) in ITEM_PIPELINES. Its ``from_crawler``
raises :class:`NotConfigured` unless :func:`asked_stages` names it. Its ``process_item`` gets items whose
row is committed, at most ``worklist.MAX_STAGED`` at a time, from this run or from the store; it

1. asks :func:`n8n_scraper.stages.decided` whether there is anything to fetch,
2. fetches, inside :func:`later`, and keeps each result in a table of its own as soon as it is there: a kill must cost
   no more than what is under way. A wait is ``RateExtension.pause``, which ends with the crawl;
3. fills the item's columns and tells :func:`n8n_scraper.stages.note_outcome` its status (``ok``, ``missing``,
   ``failed``, ``blocked``: in the next run; never ``skipped``).

What it keeps is filled into rows by :func:`n8n_scraper.store.stages.fill_kept`, whenever one is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import psycopg2
from psycopg2.extensions import cursor as Cursor
from scrapy.exceptions import DropItem, NotConfigured

from n8n_scraper import stats
from n8n_scraper.downloader import NotSent
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.export.aside import is_full
from n8n_scraper.export.take_down import remove_images
from n8n_scraper.items import STAGES, WorkflowItem
from n8n_scraper.politeness.gate import GateClosed
from n8n_scraper.stages import failed_stage, is_refused
from n8n_scraper.store import jobs, run_workflows
from n8n_scraper.store.batches import Batches
from n8n_scraper.store.faults import close_reason
from n8n_scraper.store.forgotten import forgotten_ids, remove_unshown
from n8n_scraper.store.stages import write_stages

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.arguments import Arguments
    from n8n_scraper.spiders.workflows import WorkflowsSpider


@contextmanager
def later(crawler: Crawler, item: WorkflowItem) -> Iterator[None]:
    """Leave a workflow to the next run of the job, without a failure, when the crawl ends or nothing can be written."""
    try:
        yield
    except (NotSent, GateClosed):
        reason = "the crawl is ending"
    except (StoreUnavailable, psycopg2.Error, OSError) as error:
        close = "disk_full" if isinstance(error, OSError) and is_full(error) else close_reason(error)
        if close is None:
            raise
        reason = close
        cast("WorkflowsSpider", crawler.spider).stop(close)
    else:
        return
    raise DropItem(f"workflow {item.id} is left to the next run: {reason}", log_level="DEBUG")


def asked_stages(crawler: Crawler) -> tuple[str, ...]:
    """Stages that a crawl was asked for; none for a spider that is not ours."""
    arguments: Arguments | None = getattr(crawler.spider, "arguments", None)
    return arguments.stages if arguments else ()


class AcknowledgePipeline:
    def __init__(self, crawler: Crawler, stages: tuple[str, ...]) -> None:
        self._crawler = crawler
        self._stages = stages
        self._batches: Batches[WorkflowItem] = Batches(self._write, self._unfinished_count)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not (stages := asked_stages(crawler)):
            raise NotConfigured
        return cls(crawler, stages)

    async def process_item(self, item: WorkflowItem) -> WorkflowItem:
        with later(self._crawler, item):
            await self._batches.add(item)
        cast("WorkflowsSpider", self._crawler.spider).refuse_left_out(item)
        for stage in self._stages:
            status = getattr(item, STAGES[stage])
            self._crawler.stats.inc_value(stats.LAYER_STATUS_COUNT.format(stage, status))
        if failed_stage(item) in self._stages:
            self._crawler.stats.inc_value(stats.STAGE_FAILURE_COUNT.format(item.error_kind))
        return item

    def _unfinished_count(self) -> int:
        return cast("WorkflowsSpider", self._crawler.spider).worklist.unfinished_count

    async def _write(self, items: list[WorkflowItem]) -> None:
        spider = cast("WorkflowsSpider", self._crawler.spider)
        spider.leave_out(await spider.session.run(partial(self._transaction, items=items)))

    def _transaction(self, cursor: Cursor, items: list[WorkflowItem]) -> frozenset[int]:
        """Workflows that are taken down by now. What the stages fetched for them meanwhile goes, too."""
        spider = cast("WorkflowsSpider", self._crawler.spider)
        job = spider.job
        assert job is not None
        forgotten = forgotten_ids(cursor)
        if late := [item for item in items if item.id in forgotten]:
            urls = [image["url"] for item in late for image in item.images or ()]
            videos = [video["video_id"] for item in late for video in item.videos or ()]
            remove_images(Path(spider.config.data_dir), remove_unshown(cursor, urls, videos))
        write_stages(cursor, items)
        kept = [item for item in items if item.id not in forgotten]
        run_workflows.record_stages(cursor, spider.run_id, kept, self._stages, datetime.now(timezone.utc))
        jobs.acknowledge(cursor, job.id, [item.id for item in items if not is_refused(item)])
        return forgotten
