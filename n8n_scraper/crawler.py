"""Scrapy's crawler, which also obeys a signal that comes while its spider is being opened.

Scrapy 2.19 takes such a signal for an end of the process, and closes nothing: no stats, no end in the ledger, exit 1.
Ours waits for the moment from which the engine can close what it opened, and stops then.
"""

from __future__ import annotations

import asyncio
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler as ScrapyCrawler


class Crawler(ScrapyCrawler):
    async def crawl_async(self, *args: Any, **kwargs: Any) -> None:
        self._can_stop = asyncio.Event()
        for signal in (signals.engine_started, signals.spider_closed):
            self.signals.connect(self._can_stop.set, signal)
        try:
            await super().crawl_async(*args, **kwargs)
        finally:
            self._can_stop.set()  # it could not be opened

    async def stop_async(self) -> None:
        if not self.crawling:
            return
        await self._can_stop.wait()
        if self.crawling:
            self.crawling = False
            if self.engine.start_time is not None:
                await self.engine.stop_async()
