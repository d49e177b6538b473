"""The spider: which workflows to ask for, in which order, and what their answers make. Inputs only; it writes no
file.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from scrapy import Request, Spider, signals
from scrapy.exceptions import CloseSpider, DropItem
from twisted.python.failure import Failure

from n8n_scraper import stats
from n8n_scraper.arguments import Arguments, split_layers
from n8n_scraper.config import Config
from n8n_scraper.downloader import NotSent
from n8n_scraper.exceptions import NothingToDo, StartError, StoreUnavailable, UnusableAnswer
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.frontier import Pending
from n8n_scraper.items import WorkflowItem
from n8n_scraper.middlewares.retry import RetryLater
from n8n_scraper.middlewares.robots import Disallowed
from n8n_scraper.project import load_config
from n8n_scraper.run_id import new_run_id
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.answers import judge_exception
from n8n_scraper.spiders import ending
from n8n_scraper.spiders.preparation import Preparation
from n8n_scraper.spiders.prepared import Prepared
from n8n_scraper.spiders.requests import control_request, workflow_request
from n8n_scraper.spiders.structure import StructureWatch
from n8n_scraper.store import jobs
from n8n_scraper.store.faults import close_reason, telling_full_disk
from n8n_scraper.store.rows import read_items
from n8n_scraper.store.session import Session
from n8n_scraper.visit import Source, Visit
from n8n_scraper.worklist import Worklist

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from typing_extensions import Self

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.05


def _check_export_dir(folder: str) -> None:
    """Better told now than after the traffic."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"Setting N8N_SCRAPER_EXPORT_DIR = {folder}: it cannot be made ({error.strerror}).") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(
            f"Setting N8N_SCRAPER_EXPORT_DIR = {folder}: this user may not write there; give another folder."
        )


class WorkflowsSpider(Spider):
    """``scrapy crawl workflows``; its arguments are documented in the README and checked in arguments.py."""

    name = "workflows"
    config: Config
    site: Site
    arguments: Arguments
    run_id: str
    session: Session
    job: jobs.Job | None
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
        crawler.signals.connect(spider._wake, signals.request_left_downloader)
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
        self._good_id: int | None = None
        self._progress = asyncio.Event()

    def _open(self, jobdir: str | None) -> None:
        if not self.arguments.dry_run:
            _check_export_dir(self.config.export_dir)
        self.session = Session.open(self.config)
        try:
            self.job = None if self.arguments.dry_run else self._take_job(jobdir)
        except (StartError, NothingToDo, psycopg2.Error):
            self.session.close()
            raise

    def _take_job(self, jobdir: str | None) -> jobs.Job:
        if jobdir and Path(jobdir).exists() and not Path(jobdir).is_dir():
            raise StartError(f"Setting JOBDIR = {jobdir}: it is a file; give a folder, which need not exist yet.")
        job = self.session.take_job(jobdir, self.arguments.as_json())
        if job.is_finished:
            raise NothingToDo(
                f"Job {job.key} is finished: nothing is left of it. Another JOBDIR, or none, crawls again."
            )
        if job.is_prepared and job.arguments != self.arguments.as_json():
            logger.warning("Job %s goes on with the arguments and ids of its first start: %s", job.key, job.arguments)
        fixed: dict[str, Any] = {name: job.arguments[name] for name in ("limit", "page", "render", "refresh")}
        self.arguments = replace(self.arguments, **fixed, **split_layers(job.arguments["layers"]))
        return job

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
        self._good_id = self.prepared.good_id
        assert self.job is not None
        self.structure = StructureWatch(self, self.prepared.tallies)
        put_off = self.prepared.put_off
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
                for request in self._begin(entry):
                    yield request
            else:
                yield self._request(*entry)
        if reason := await ending.close_reason(self):
            raise CloseSpider(reason)

    async def _unparked(self) -> list[WorkflowItem]:
        """Workflows that go on into their stages, as the store has them."""
        ids = self.worklist.unpark()
        try:
            items = await self.session.run(partial(read_items, ids=ids)) if ids else []
        except (StoreUnavailable, psycopg2.Error) as error:
            self.stop(close_reason(error) or "store_unavailable")
            return []
        for item in items:
            item.is_stored = True
        for id in {*ids} - {item.id for item in items}:  # forgotten meanwhile
            self.worklist.end(id)
        return items

    def control_request(self) -> Request | None:
        """Asks again for a workflow that was answered well, now or in an earlier run; None where none was."""
        if self.prepared is None or self._good_id is None:
            return None
        visit = Visit(id=self._good_id, wanted=self.prepared.wanted(self._good_id))
        return control_request(self.site, visit, visit.primary)

    def _begin(self, entry: Pending) -> Iterator[Request]:
        assert self.prepared is not None
        visit = Visit(id=entry.id, wanted=self.prepared.wanted(entry.id), request_count=entry.request_count)
        visit.attempts[visit.primary] = entry.attempt_count
        self.worklist.begin(visit)
        yield self._request(visit, visit.primary)
        if visit.primary == "detail" and self.prepared.plan.page and visit.wanted.address:
            yield self._request(visit, "page")

    def _request(self, visit: Visit, source: Source) -> Request:
        visit.open.add(source)
        return workflow_request(self.site, visit, source, callback=self.answered, errback=self.failed)

    def answered(self, response: Response) -> Iterator[WorkflowItem | Request]:
        """A usable answer, already read by the retry middleware."""
        began = time.perf_counter()
        visit, source = response.meta["visit"], response.meta["source"]
        visit.take(source, response.meta["answer"], response.text if source == "page" else None)
        if source == visit.primary:
            self._good_id = visit.id
        if getattr(response.meta["answer"], "repaired", False):
            self.crawler.stats.inc_value(stats.REPAIR_COUNT)
        visit.service_seconds += response.meta.pop("service_seconds", 0.0)
        yield from self._go_on(visit, began)

    def failed(self, failure: Failure) -> Iterator[WorkflowItem | Request]:
        """No usable answer, and no retry left; or the request waits for its retry, or was not sent at all."""
        error = failure.value
        assert error is not None
        if isinstance(error, (RetryLater, NotSent)):
            return
        if reason := close_reason(error):
            self.stop(reason)
            return
        request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        visit: Visit = request.meta["visit"]
        if isinstance(error, Disallowed):
            visit.disallow(request.meta["source"])
            yield from self._go_on(visit, time.perf_counter())
            return
        unusable = error if isinstance(error, UnusableAnswer) else judge_exception(error)
        if unusable is None:
            logger.error("Our own fault at %s", request.url, exc_info=error)
            unusable = UnusableAnswer("internal", f"{type(error).__name__} while the answer was read")
        visit.fail(request.meta["source"], unusable)
        yield from self._go_on(visit, time.perf_counter())

    def _go_on(self, visit: Visit, began: float) -> Iterator[WorkflowItem | Request]:
        if visit.lacks_price() and "editor" not in visit.failures and not visit.open and self._wants_price():
            yield self._request(visit, "editor")
        elif not visit.open:
            item = visit.row(self.run_id)
            for name in visit.mismatches:
                self.crawler.stats.inc_value(stats.MISMATCH_COUNT.format(name))
            for reason, count in visit.rejected.items():
                self.crawler.stats.inc_value(stats.REJECTED_COUNT.format(reason), count)
            item.service_seconds = round((item.service_seconds or 0) + time.perf_counter() - began, 6)
            yield from self.structure.sift(visit, item)
        self._wake()

    def _wants_price(self) -> bool:
        return bool({1, 2} & set(self.arguments.layers))

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
        if self._good_id in ids:
            self._good_id = None
        self._wake()

    def refuse_left_out(self, item: WorkflowItem) -> None:
        """Raises:
        DropItem: the item's workflow was taken down while it was under way.
        """
        if item.id in self.left_out:
            raise DropItem(f"workflow {item.id} was taken down meanwhile", log_level="INFO")

    def _item_scraped(self, item: WorkflowItem) -> None:
        self.worklist.end(item.id)
        self._wake()

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

    def _wake(self) -> None:
        self._progress.set()
