"""Scrapy settings that follow from ours: rate, names, sizes, feeds of the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.settings import BaseSettings

from n8n_scraper import __version__
from n8n_scraper.export.format_names import FORMATS, file_name
from n8n_scraper.project import load_config
from n8n_scraper.run_id import run_folder
from n8n_scraper.setting_rules import POLITE_RATE

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.config import Config


class N8nScraperAddon:
    """Sets what the user did not set with ``-s``."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def update_settings(self, settings: BaseSettings) -> None:
        config = load_config(settings)
        # A burst is the gate's business: the delay of Scrapy's slots would take it apart again.
        is_paced = config.requests_per_second and config.burst == 1
        delay = 1 / config.requests_per_second if is_paced else 0.0
        settings.set("DOWNLOAD_DELAY", delay, priority="addon")
        settings.set("AUTOTHROTTLE_START_DELAY", settings.getfloat("DOWNLOAD_DELAY"), priority="addon")
        if not config.requests_per_second:  # no limit, on a test site: nothing to be slowed down
            settings.set("AUTOTHROTTLE_ENABLED", False, priority="project")
        elif config.requests_per_second > POLITE_RATE:
            share = settings.getfloat("AUTOTHROTTLE_TARGET_CONCURRENCY") / POLITE_RATE
            settings.set("AUTOTHROTTLE_TARGET_CONCURRENCY", share * config.requests_per_second, priority="project")
        settings.set("USER_AGENT", user_agent(config), priority="addon")
        settings.set("DOWNLOAD_MAXSIZE", config.max_body_bytes, priority="addon")
        settings.set("DOWNLOAD_WARNSIZE", config.max_body_bytes, priority="addon")
        feeds = {_feed(config, format_): {"format": format_, "overwrite": True} for format_ in FORMATS}
        arguments = getattr(self._crawler.spider, "arguments", None)
        settings.set("FEEDS", {} if arguments and arguments.dry_run else feeds, priority="addon")


def user_agent(config: Config) -> str:
    """Names the project, its version, and the person to write to."""
    return f"n8n_scraper/{__version__} ({config.contact or 'no contact given'})"


def feed_uri_params(params: dict[str, Any], spider: Spider) -> dict[str, Any]:
    """FEED_URI_PARAMS: adds ``run_id``."""
    return {**params, "run_id": getattr(spider, "run_id", "")}


def _feed(config: Config, format_: str) -> str:
    return str(run_folder(Path(config.export_dir), "%(run_id)s") / file_name(format_))
