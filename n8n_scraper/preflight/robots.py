"""What robots.txt of the two hosts says, asked through the gate like everything else: these requests count too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import psycopg2
from scrapy import Request, Spider

from n8n_scraper.exceptions import StoreUnavailable, UnusableAnswer
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.middlewares.robots import RobotsMiddleware
from n8n_scraper.project import load_config
from n8n_scraper.site.addresses import Site

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.config import Config
    from n8n_scraper.store.session import Session


class RobotsSpider(Spider):
    """Asks for nothing but robots.txt. ``verdicts``: host → whether it lets us in, or why it cannot be read."""

    name = "preflight"
    custom_settings = {"FEEDS": {}, "ITEM_PIPELINES": {}, "DOWNLOAD_TIMEOUT": 15}  # noqa: RUF012 - so it is in Scrapy
    config: Config
    session: Session

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, session: Session, **kwargs: Any) -> Self:
        spider = cls(*args, **kwargs)
        spider._set_crawler(crawler)
        spider.session = session
        spider.config = load_config(crawler.settings)
        return spider

    def __init__(self) -> None:
        super().__init__()
        self.job = None
        self.run_id = "preflight"
        self.verdicts: dict[str, bool | str] = {}
        self.rate_in_force: float | None = None
        """Requests a second, after 429s and Crawl-delay; None: no limit, or nothing was asked."""

    async def start(self) -> AsyncIterator[Request]:
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        rate = self.crawler.get_extension(RateExtension)
        assert robots is not None
        assert rate is not None
        site = Site(self.config.site_url, self.config.api_url)
        for address, example in ((self.config.site_url, site.page(1, "x")), (self.config.api_url, site.detail(1))):
            try:
                self.verdicts[address] = await robots.verdict(example)
            except (UnusableAnswer, StoreUnavailable) as failure:
                self.verdicts[address] = str(failure)
            except psycopg2.Error as error:  # its text may repeat the address of the store
                self.verdicts[address] = f"the store failed ({type(error).__name__})"
        self.rate_in_force = rate.gate.pace.per_second if rate.gate.pace else None
        return
        yield  # makes it the asynchronous generator that Scrapy asks for
