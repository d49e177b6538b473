"""Tells how far the crawl is: one line every 50 workflows or 10 seconds, and one at the end."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from n8n_scraper import stats
from n8n_scraper.items import CRAWL_STATUSES, WorkflowItem

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

logger = logging.getLogger(__name__)
EVERY_ITEMS = 50
EVERY_SECONDS = 10.0


class Progress:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._seen: Counter[str] = Counter()
        self._base: tuple[int, float] | None = None
        """Count and time when the first batch was in: before it, time went into robots.txt, sitemap and prices."""
        self._told = (0, 0.0)
        self._clock = create_looping_call(self._tick)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        crawler.signals.connect(extension._spider_opened, signals.spider_opened)
        crawler.signals.connect(extension._item_scraped, signals.item_scraped)
        crawler.signals.connect(extension._spider_closed, signals.spider_closed)
        return extension

    def _spider_opened(self) -> None:
        self._clock.start(1.0, now=False)

    def _item_scraped(self, item: WorkflowItem) -> None:
        self._seen[item.crawl_status or "failed"] += 1
        self._crawler.stats.inc_value(stats.ITEM_COUNT)
        self._crawler.stats.inc_value(stats.ITEM_STATUS_COUNT.format(item.crawl_status))
        self._base = self._base or (self._seen.total(), time.monotonic())
        if self._seen.total() - self._told[0] >= EVERY_ITEMS:
            self._tell()

    def _tick(self) -> None:
        if self._seen.total() != self._told[0] and time.monotonic() - self._told[1] >= EVERY_SECONDS:
            self._tell()

    def _spider_closed(self) -> None:
        self._clock.stop()
        if self._seen:
            self._tell()

    def _tell(self) -> None:
        self._told = (self._seen.total(), time.monotonic())
        planned: Any = self._crawler.stats.get_value(stats.PLANNED_COUNT, 0)
        counts = " · ".join(f"{status} {self._seen[status]}" for status in CRAWL_STATUSES)
        logger.info("%d of %d workflows: %s%s", self._seen.total(), planned, counts, self._eta(planned))

    def _eta(self, planned: int) -> str:
        left, (count, since) = planned - self._seen.total(), self._base or (0, 0.0)
        if left <= 0 or self._seen.total() <= count:
            return ""
        measured = left * (time.monotonic() - since) / (self._seen.total() - count)
        promised = self._crawler.stats.get_value(stats.RATE_IN_FORCE) or math.inf
        seconds = round(max(measured, left / promised))
        return f" · about {seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02} left"
