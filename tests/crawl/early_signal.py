"""An extension for crawls of tests: a signal that comes while the spider is opened, or the engine started."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from scrapy import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self


class EarlySignal:
    def __init__(self, number: int) -> None:
        self._number = number

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler.settings.getint("EARLY_SIGNAL"))
        crawler.signals.connect(extension.send, getattr(signals, crawler.settings["EARLY_SIGNAL_AT"]))
        return extension

    async def send(self) -> None:
        os.kill(os.getpid(), self._number)
        await asyncio.sleep(1)  # its handler runs meanwhile
