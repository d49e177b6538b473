"""Keeps values that cannot be true out of the row, and counts them; never drops an item."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from n8n_scraper import stats
from n8n_scraper.items import WorkflowItem
from n8n_scraper.validation import implausible_columns

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

CLOCK_TOLERANCE = timedelta(days=1)


class ValidationPipeline:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: WorkflowItem) -> WorkflowItem:
        if item.is_stored:
            return item
        for column in implausible_columns(item, datetime.now(timezone.utc) + CLOCK_TOLERANCE):
            setattr(item, column, None)
            self._crawler.stats.inc_value(stats.VALIDATION_COUNT.format(column))
        return item
