"""Tells the metrics of a run while it goes on and when it has ended; in a thread, so that nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Gauge, Histogram
from scrapy import signals
from scrapy.exceptions import NotConfigured

from n8n_scraper.exit_codes import exit_code
from n8n_scraper.metrics import names
from n8n_scraper.metrics.collector import StatsCollector
from n8n_scraper.metrics.output import FAILURES, Output, Pushgateway, Textfile
from n8n_scraper.project import load_config
from n8n_scraper.run_id import run_folder

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.config import Config

logger = logging.getLogger(__name__)


class Metrics:
    def __init__(self, crawler: Crawler, registry: CollectorRegistry, config: Config) -> None:
        self._crawler = crawler
        self._registry = registry
        self._config = config
        self._outputs: list[Output] = []
        self._failing: set[Output] = set()
        self._ended = asyncio.Event()
        self._teller: asyncio.Task[None] | None = None
        self._seconds = Histogram(
            names.SERVICE_SECONDS,
            "seconds from a request's turn to its answer, waits and back-off not included",
            ("source",),
            buckets=names.BUCKETS,
            registry=registry,
        )
        for source in names.REQUEST_SOURCES:
            self._seconds.labels(source)
        self._updated = Gauge(names.UPDATED, "when these metrics were last told", registry=registry)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not isinstance(crawler.stats, StatsCollector):
            raise NotConfigured("STATS_CLASS is not n8n_scraper.metrics.collector.StatsCollector.")
        extension = cls(crawler, crawler.stats.registry, load_config(crawler.settings))
        crawler.signals.connect(extension._spider_opened, signals.spider_opened)
        crawler.signals.connect(extension._response_downloaded, signals.response_downloaded)
        crawler.signals.connect(extension._engine_stopped, signals.engine_stopped)
        return extension

    def _spider_opened(self, spider: Any) -> None:
        if spider.job is None:
            return
        config = self._config
        folder = run_folder(Path(config.export_dir), spider.run_id)
        self._outputs.append(Textfile(Path(config.metrics_textfile or folder / "metrics.prom")))
        if config.prometheus_pushgateway:
            self._outputs.append(Pushgateway(config.prometheus_pushgateway, spider.run_id))
        Gauge(names.STARTED, "when the run started", registry=self._registry).set_to_current_time()
        self._teller = asyncio.ensure_future(self._tell_on())

    def _response_downloaded(self, request: Request) -> None:
        if (seconds := request.meta.get("service_seconds")) is not None:
            self._seconds.labels(request.meta.get("source", "other")).observe(seconds)

    async def _tell_on(self) -> None:
        while not self._ended.is_set():
            await self._tell(lambda output: output.write(self._registry))
            try:
                await asyncio.wait_for(self._ended.wait(), self._config.metrics_interval)
            except asyncio.TimeoutError:
                continue

    async def _engine_stopped(self) -> None:
        """The last that is told of a run: its stats are complete, and the feeds are written."""
        if self._teller is None:
            return
        self._ended.set()
        await self._teller
        spider: Any = self._crawler.spider
        reason = spider.stop_reason or self._crawler.stats.get_value("finish_reason")
        Gauge(names.EXIT_CODE, "exit code of the close reason", registry=self._registry).set(exit_code(reason))
        Gauge(names.ENDED, "when the run ended", registry=self._registry).set_to_current_time()
        await self._tell(lambda output: output.end(self._registry))

    async def _tell(self, act: Callable[[Output], None]) -> None:
        self._updated.set(time.time())
        for output in self._outputs:
            try:
                await asyncio.to_thread(act, output)
            except FAILURES as error:
                if output not in self._failing:
                    logger.warning("The metrics cannot be told (%s): %s", type(output).__name__, error)
                self._failing.add(output)
            else:
                self._failing.discard(output)
