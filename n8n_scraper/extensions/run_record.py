"""Records a run: a row in the ledger at start and end, the job finished when nothing is left, stats.json beside the
feeds.
"""

from __future__ import annotations

import json
import logging
import platform
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from scrapy import signals

from n8n_scraper import __version__, stats
from n8n_scraper.config import SECRET_SETTINGS, SETTINGS
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.exit_codes import exit_code
from n8n_scraper.export.aside import is_full, write_aside
from n8n_scraper.iso_time import iso
from n8n_scraper.layers.row import PARSER_VERSION
from n8n_scraper.run_id import run_folder
from n8n_scraper.store import jobs, runs
from n8n_scraper.store.faults import stop_reason

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

logger = logging.getLogger(__name__)
_TOLD_SETTINGS = ("DOWNLOAD_DELAY", "CONCURRENT_REQUESTS", "ROBOTSTXT_OBEY", "USER_AGENT", "JOBDIR")


class RunRecord:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        crawler.signals.connect(extension._spider_opened, signals.spider_opened)
        crawler.signals.connect(extension._spider_closed, signals.spider_closed)
        crawler.signals.connect(extension._engine_stopped, signals.engine_stopped)
        return extension

    async def _spider_opened(self, spider: Any) -> None:
        self._crawler.stats.set_value(stats.RUN_ID, spider.run_id)
        if spider.job is None:
            return
        await spider.session.run(partial(runs.begin, run=describe(self._crawler)))

    async def _spider_closed(self, spider: Any, reason: str) -> None:
        if spider.job is None or reason == "store_unavailable":
            return
        if (seconds := spider.session.query_p95()) is not None:
            self._crawler.stats.set_value(stats.STORE_QUERY_P95, round(seconds, 6))
        end = runs.End(close_reason=reason, exit_code=exit_code(reason), stats=plain_stats(self._crawler))
        try:
            await spider.session.run(partial(jobs.finish, job_id=spider.job.id))
            await spider.session.run(partial(runs.end, run_id=spider.run_id, end=end))
        except (StoreUnavailable, psycopg2.Error) as error:
            spider.stop(stop_reason(error))

    def _engine_stopped(self) -> None:
        """The feeds are written by now: the stats are complete."""
        spider: Any = self._crawler.spider
        if spider is None or spider.job is None:
            return
        folder = run_folder(Path(spider.config.export_dir), spider.run_id)
        text = json.dumps(plain_stats(self._crawler), indent=2, sort_keys=True, ensure_ascii=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_aside(folder / "stats.json", text + "\n")
        except OSError as error:
            logger.error("The stats of the run cannot be written: %s", error)
            if is_full(error):
                spider.stop("disk_full")


def describe(crawler: Crawler) -> runs.Run:
    """What a run is begun with."""
    spider: Any = crawler.spider
    return runs.Run(
        run_id=spider.run_id,
        job_id=spider.job.id,
        arguments=spider.arguments.as_json(),
        settings=_settings(crawler),
        versions={
            "python": platform.python_version(),
            "scrapy": version("scrapy"),
            "n8n_scraper": __version__,
            "parser": PARSER_VERSION,
        },
    )


def _settings(crawler: Crawler) -> dict[str, Any]:
    ours = {name: default for name, (default, _) in SETTINGS.items() if name not in SECRET_SETTINGS}
    in_force = {name: crawler.settings.get(name, default) for name, default in ours.items()}
    scrapys = {name: crawler.settings.get(name) for name in _TOLD_SETTINGS}
    return {name: _word(value) for name, value in {**in_force, **scrapys}.items() if value not in (None, "", ())}


def _word(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def plain_stats(crawler: Crawler) -> dict[str, Any]:
    """The stats as they are now, as JSON has them."""
    return {name: _plain(value) for name, value in crawler.stats.get_stats().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)
