"""The spider: which workflows to ask for, in which order, and how the crawl ends. Inputs only; it writes no file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2
from scrapy import Request, Spider, signals
from scrapy.exceptions import CloseSpider, DropItem

from n8n_scraper import stats
from n8n_scraper.arguments import Arguments
from n8n_scraper.config import Config
from n8n_scraper.exceptions import NothingToDo, StartError, StoreUnavailable
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.frontier import Pending
from n8n_scraper.items import WorkflowItem
from n8n_scraper.project import load_config
from n8n_scraper.run_id import new_run_id
from n8n_scraper.site.addresses import Site
from n8n_scraper.spiders import ending
from n8n_scraper.spiders.opening import check_export_dir, take_job
from n8n_scraper.spiders.preparation import Preparation
from n8n_scraper.spiders.prepared import Prepared
from n8n_scraper.spiders.structure import StructureWatch
from n8n_scraper.spiders.visits import Visits
from n8n_scraper.store import jobs
from n8n_scraper.store.faults import stop_reason, telling_full_disk
from n8n_scraper.store.rows import read_items
from n8n_scraper.store.session import Session
from n8n_scraper.worklist import Worklist

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.05


class WorkflowsSpider(Spider):
    """``scrapy crawl workflows``; its arguments are documented in the README and checked in arguments.py."""

    name = "workflows"
    config: Config
    site: Site
    arguments: Arguments
    run_id: str
    session: Session
    worklist: Worklist
    structure: StructureWatch

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Check arguments and settings, open the store, take the job.

        Raises:
            StartError: in one sentence what is wrong.
            NothingToDo: the job is finished.
        """
        spider = cls()
        spider._set_crawler(crawler)
        spider.config = load_config(crawler.settings)
        spider.site = Site(spider.config.site_url, spider.config.api_url)
        spider.arguments = Arguments.read(kwargs, spider.site)
        if not spider.config.is_test_site and not spider.config.contact:
            logger.warning("Say who crawls: set N8N_SCRAPER_CONTACT to an address the site can write to.")
        spider.run_id = new_run_id(datetime.now(timezone.utc))
        with telling_full_disk():
            spider._open(crawler.settings.get("JOBDIR"))
        crawler.signals.connect(spider._item_scraped, signals.item_scraped)
        crawler.signals.connect(spider.wake, signals.request_left_downloader)
        return spider

    def __init__(self) -> None:
        super().__init__()
        self.prepared: Prepared | None = None
        self.stop_reason: str | None = None
        """Why we ended the crawl ourselves, also where that was found out after its close."""
        self.forgotten: frozenset[int] = frozenset()
        """Workflows that had been taken down when the crawl began."""
        self.left_out: frozenset[int] = frozenset()
        """The same now, as far as it is known."""
        self.job: jobs.Job | None = None
        self.visits: Visits | None = None
        self._progress = asyncio.Event()

    def _open(self, jobdir: str | None) -> None:
        if not self.arguments.dry_run:
            check_export_dir(self.config.export_dir, self.config.site_url)
        self.session = Session.open(self.config)
        try:
            if not self.arguments.dry_run:
                self.job, self.arguments = take_job(self.session, self.arguments, jobdir)
        except (StartError, NothingToDo, psycopg2.Error):
            self.session.close()
            raise

    async def start(self) -> AsyncIterator[Request | WorkflowItem]:
        """Yield requests, one workflow at a time, whenever one may go out, due retries first; and stored workflows,
        whenever there is a place for them in the stages; at the end rows that were held back.
        """
        self.prepared = await Preparation(self).run()
        pending, stored = self.prepared.pending, self.prepared.stored
        self.crawler.stats.set_value(stats.PLANNED_COUNT, len(pending) + len(stored))
        if self.arguments.dry_run:
            print(f"{self.prepared.found}\n{self.prepared.sentence}")
            raise CloseSpider("dry_run")
        logger.info("Plan: %s", self.prepared.sentence)
        if self.arguments.plan is not None:
            raise CloseSpider("planned")
        assert self.job is not None
        self.structure = StructureWatch(self, self.prepared.tallies)
        put_off = self.prepared.put_off
        self.visits = visits = Visits(self, self.prepared)
        self.worklist = Worklist(
            self.session, self.job.id, pending, put_off=put_off, stored=stored, time_factor=self.config.time_factor
        )
        while self.worklist:
            for item in await self._unparked():
                yield item
            entry = self.worklist.next() if self._has_room() else None
            if entry is None:
                for row in self.structure.settle() if self._is_held_up() else ():
                    yield row
                await self.nap()
            elif isinstance(entry, Pending):
                for request in visits.begin(entry):
                    yield request
            else:
                yield visits.request(*entry)
        if reason := await ending.close_reason(self):
            raise CloseSpider(reason)

    async def _unparked(self) -> list[WorkflowItem]:
        """Workflows that go on into their stages, as the store has them."""
        ids = self.worklist.unpark()
        try:
            items = await self.session.run(partial(read_items, ids=ids)) if ids else []
        except (StoreUnavailable, psycopg2.Error) as error:
            self.stop(stop_reason(error))
            return []
        for item in items:
            item.is_stored = True
        for id in {*ids} - {item.id for item in items}:  # forgotten meanwhile
            self.worklist.end(id)
        return items

    def control_request(self) -> Request | None:
        """Asks again for a workflow that was answered well, now or in an earlier run; None where none was."""
        return self.visits.control_request() if self.visits else None

    def stop(self, reason: str) -> None:
        """End the crawl so that the next run of the job can go on. The first reason counts."""
        assert self.crawler.engine is not None
        if self.stop_reason:
            return
        self.stop_reason = reason
        logger.error("The crawl stops (%s); what is not committed is due in the next run of the job.", reason)
        if self.crawler.engine.spider is not None:
            # Scheduled and not awaited: closing waits for the request or item that asks for it.
            self._closing = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason=reason))

    def leave_out(self, ids: frozenset[int]) -> None:
        """Workflows that are taken down by now: those that the crawl has before it are asked for no more."""
        if ids == self.left_out:
            return
        self.left_out = ids
        self.worklist.leave_out(ids)
        if self.visits:
            self.visits.leave_out(ids)
        self.wake()

    def refuse_left_out(self, item: WorkflowItem) -> None:
        """Raises:
        DropItem: the item's workflow was taken down while it was under way.
        """
        if item.id in self.left_out:
            raise DropItem(f"workflow {item.id} was taken down meanwhile", log_level="INFO")

    def _item_scraped(self, item: WorkflowItem) -> None:
        self.worklist.end(item.id)
        self.wake()

    def _has_room(self) -> bool:
        """Whether another request may be handed to the engine now.

        At most a tenth of a second's worth of requests waits at the gate, so that a retry that falls due is next.
        """
        assert self.crawler.engine is not None
        if self.crawler.engine.needs_backout() or self.worklist.is_full():
            return False
        rate = self.crawler.get_extension(RateExtension)
        return rate is None or rate.waiting <= self.config.requests_per_second * 0.1

    def _is_held_up(self) -> bool:
        """Nothing is left but rows that were held back."""
        return 0 < self.structure.held_count == self.worklist.visit_count

    async def nap(self) -> None:
        self._progress.clear()
        try:
            await asyncio.wait_for(self._progress.wait(), POLL_SECONDS)
        except asyncio.TimeoutError:
            return

    def wake(self) -> None:
        self._progress.set()
