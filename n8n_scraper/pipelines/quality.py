"""Scores an item; low quality is kept and counted, never dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from n8n_scraper import stats
from n8n_scraper.items import WorkflowItem
from n8n_scraper.project import load_config
from n8n_scraper.quality import score

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self


class QualityPipeline:
    def __init__(self, crawler: Crawler, weights: Sequence[float]) -> None:
        self._crawler = crawler
        self._weights = weights

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler, load_config(crawler.settings).quality_weights)

    def process_item(self, item: WorkflowItem) -> WorkflowItem:
        if item.is_stored:
            return item
        apply_score(item, self._weights)
        if item.quality_band:
            self._crawler.stats.inc_value(stats.QUALITY_BAND_COUNT.format(item.quality_band))
        return item


def apply_score(item: WorkflowItem, weights: Sequence[float]) -> None:
    """Put score, band and reasons into the item."""
    quality = score(item, weights)
    item.quality_score, item.quality_band, item.quality_missing = quality.score, quality.band, quality.missing
