"""Tells how far the crawl is: a live view where stderr is a terminal, else a line every 50 workflows or 10 seconds.

The same figures go into the store as a checkpoint, at least as often, for ``scrapy status`` and as a sign of life.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2
from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from n8n_scraper import stats
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.items import WorkflowItem
from n8n_scraper.live_view import line, view
from n8n_scraper.outcome import outcome_of
from n8n_scraper.progress import Breaker, Checkpoint, Limiter, Tally, duration
from n8n_scraper.store import checkpoints
from n8n_scraper.terminal import LiveTerminal, open_live

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

logger = logging.getLogger(__name__)
EVERY_ITEMS = 50
EVERY_SECONDS = 10.0
TICK_SECONDS = 1.0


class Progress:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._tally = Tally()
        self._began = time.monotonic()
        self._noted = (0, self._began)
        """Count and time of the last checkpoint."""
        self._noted_total = 0
        """Workflows of the last checkpoint; 0 until robots.txt and sitemap are read."""
        self._told_count = 0
        self._saved: tuple[int, datetime] | None = None
        self._saving: set[asyncio.Future[None]] = set()
        self._live: LiveTerminal | None = None
        self._clock = create_looping_call(self._tick)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        crawler.signals.connect(extension._spider_opened, signals.spider_opened)
        crawler.signals.connect(extension._item_scraped, signals.item_scraped)
        crawler.signals.connect(extension._spider_closed, signals.spider_closed)
        return extension

    @property
    def _spider(self) -> Any:
        return self._crawler.spider

    @property
    def _rate(self) -> RateExtension | None:
        return self._crawler.get_extension(RateExtension)

    def _spider_opened(self) -> None:
        if self._spider.job is None:  # only asks what there is to do
            return
        self._live = open_live()
        self._clock.start(TICK_SECONDS, now=False)

    def _item_scraped(self, item: WorkflowItem) -> None:
        got = outcome_of(item, self._spider.arguments.stages)
        self._tally.count(item, got, time.monotonic())
        self._crawler.stats.inc_value(stats.ITEM_COUNT)
        self._crawler.stats.inc_value(stats.ITEM_STATUS_COUNT.format(got.status))
        if self._tally.processed - self._noted[0] >= EVERY_ITEMS:
            self._note()

    def _tick(self) -> None:
        now = time.monotonic()
        self._tally.tick(now, self._count(stats.RATE_REQUEST_COUNT))
        is_first = self._saved is None and not self._saving
        is_news = self._count(stats.PLANNED_COUNT) != self._noted_total
        if is_first or is_news or now - self._noted[1] >= EVERY_SECONDS:
            self._note()
        if self._live:
            self._show(self._live, self._head())

    def _show(self, live: LiveTerminal, head: str) -> None:
        live.show(view(self._checkpoint(), head, self._saved, datetime.now(timezone.utc)))

    async def _spider_closed(self, reason: str) -> None:
        if self._spider.job is None:
            return
        self._clock.stop()
        if reason != "store_unavailable":
            self._note()
            await asyncio.wait(self._saving)
        if self._live:
            self._show(self._live, self._head(reason))
            self._live.close()

    def _head(self, reason: str | None = None) -> str:
        rate = self._rate
        if reason:
            state = f"ended: {reason}, after"
        elif rate is not None and rate.gate.closed:
            state = "ending: what is on its way is finished, after"
        else:
            is_planned = self._crawler.stats.get_value(stats.PLANNED_COUNT) is not None
            state = "running for" if is_planned else "reads robots.txt, sitemap and prices, for"
        return f"{self._spider.run_id}  {state} {duration(time.monotonic() - self._began)}"

    def _note(self) -> None:
        """Take a checkpoint: into the store, and into the log where that is not above a live view."""
        checkpoint = self._checkpoint()
        self._noted, self._noted_total = (checkpoint.processed, time.monotonic()), checkpoint.total_workflows
        task = asyncio.ensure_future(self._save(checkpoint))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)
        if checkpoint.processed != self._told_count and not (self._live and self._live.takes_log):
            self._told_count = checkpoint.processed
            logger.info("%s", line(checkpoint))

    async def _save(self, checkpoint: Checkpoint) -> None:
        add = partial(checkpoints.add, run_id=self._spider.run_id, checkpoint=checkpoint)
        try:
            self._saved = await self._spider.session.run(add)
        except (StoreUnavailable, psycopg2.Error) as error:  # rows fail likewise, and they end the crawl
            logger.debug("A checkpoint could not be written: %s", error)

    def _checkpoint(self) -> Checkpoint:
        now, at = time.monotonic(), datetime.now(timezone.utc)
        total = self._count(stats.PLANNED_COUNT)
        return self._tally.checkpoint(now, at, total=total, limiter=self._limiter(now), breaker=self._breaker())

    def _limiter(self, now: float) -> Limiter:
        rate = self._rate
        request_count = self._count(stats.RATE_REQUEST_COUNT)
        promised = self._spider.config.requests_per_second or None
        pace = rate.gate.pace if rate else None
        return Limiter(
            measured=self._tally.request_rate(now, request_count),
            in_force=pace.per_second if pace else promised,
            promised=promised,
            waiting=rate.gate.waiting if rate else 0,
            wait_seconds=round(self._crawler.stats.get_value(stats.RATE_WAIT_SECONDS, 0.0), 3),
            request_count=request_count,
            limited_count=self._count(stats.RATE_LIMITED_COUNT),
            retry_count=self._count(stats.RETRY_COUNT),
            put_off_count=self._count(stats.PUT_OFF_COUNT),
        )

    def _breaker(self) -> Breaker:
        rate = self._rate
        if rate is None:
            return Breaker()
        return Breaker(
            state=rate.breaker.state,
            open_seconds=round(rate.breaker.open_seconds(), 3),
            seconds_until_probe=round(rate.breaker.seconds_until_probe(), 3),
            open_count=self._count(stats.BREAKER_CHANGE_COUNT.format("open")),
        )

    def _count(self, name: str) -> int:
        value: int = self._crawler.stats.get_value(name, 0)
        return value
