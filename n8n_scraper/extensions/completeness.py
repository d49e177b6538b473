"""Counts, column by column, how many of the rows that this run stored have a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import signals

from n8n_scraper import stats
from n8n_scraper.completeness import MUST_HAVE, expected_columns, filled_columns
from n8n_scraper.items import WorkflowItem
from n8n_scraper.signals import row_stored

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self


_COUNTED = (stats.COLUMN_EXPECTED_COUNT, stats.COLUMN_MISSING_COUNT)


class Completeness:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._without_transcripts: set[int] = set()
        """Rows that were counted and may yet get theirs: a stage fills the column."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        crawler.signals.connect(extension._spider_opened, signals.spider_opened)
        crawler.signals.connect(extension._row_stored, row_stored)
        crawler.signals.connect(extension._item_scraped, signals.item_scraped)
        return extension

    def _spider_opened(self) -> None:
        for column in MUST_HAVE:  # 0 is a count, and missing would be none
            self._crawler.stats.set_value(stats.COLUMN_EXPECTED_COUNT.format(column), 0)

    def _row_stored(self, item: WorkflowItem) -> None:
        if item.source is None:
            return
        counts, filled = self._crawler.stats, set(filled_columns(item))
        counts.inc_value(stats.COLUMN_ROW_COUNT)
        for column in sorted(filled):
            counts.inc_value(stats.COLUMN_FILLED_COUNT.format(column))
        for column in expected_columns(item):
            self._count_expected(column, is_missing=column not in filled)
        if "transcripts" not in filled:
            self._without_transcripts.add(item.id)

    def _count_expected(self, column: str, *, is_missing: bool) -> None:
        counts, expected, missing = self._crawler.stats, *(name.format(column) for name in _COUNTED)
        counts.inc_value(expected)
        if is_missing:
            counts.inc_value(missing)
        name, share = stats.COMPLETENESS.format(column), 1 - counts.get_value(missing, 0) / counts.get_value(expected)
        if counts.get_value(name) != (rounded := round(share, 6)):  # it is mostly 1, and each change is a metric's too
            counts.set_value(name, rounded)

    def _item_scraped(self, item: WorkflowItem) -> None:
        if item.transcripts and item.id in self._without_transcripts:
            self._crawler.stats.inc_value(stats.COLUMN_FILLED_COUNT.format("transcripts"))
