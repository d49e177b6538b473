"""Notes what else the machine had to do: without it no figure of time or throughput can be judged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from n8n_scraper import stats

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

SECONDS = 5.0
_PROC_STAT = Path("/proc/stat")


class Machine:
    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._clock = create_looping_call(self._look)
        self._began = (sum(os.times()[:2]), _ticks())

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        crawler.signals.connect(extension._spider_opened, signals.spider_opened)
        crawler.signals.connect(extension._spider_closed, signals.spider_closed)
        return extension

    def _spider_opened(self) -> None:
        self._stats.set_value(stats.CPU_COUNT, os.cpu_count() or 1)
        self._clock.start(SECONDS)

    def _spider_closed(self) -> None:
        self._clock.stop()
        self._look()
        seconds, ticks = self._began
        self._stats.set_value(stats.CPU_SECONDS, round(sum(os.times()[:2]) - seconds, 2))
        if ticks and (now := _ticks()) and now[1] > ticks[1]:
            self._stats.set_value(stats.STEAL_SHARE, round((now[0] - ticks[0]) / (now[1] - ticks[1]), 4))

    def _look(self) -> None:
        load = round(os.getloadavg()[0], 2)
        self._stats.set_value(stats.LOAD_AVERAGE, load)
        self._stats.max_value(stats.LOAD_HIGHEST, load)


def _ticks() -> tuple[int, int] | None:
    """Stolen and in all, of all CPUs, since the machine started; None where the system does not tell."""
    if not _PROC_STAT.exists():
        return None
    numbers = [int(word) for word in _PROC_STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
    return (numbers[7], sum(numbers[:8])) if len(numbers) >= 8 else None
