"""A crawl in a process of its own that asks for the addresses it is given, and tells what came of each.

Run as ``python mini_crawl.py '{"urls": […], "settings": {…}, "dsn": "…"}'``; prints ``{"outcomes": […], "stats": {…}}``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from functools import partial
from types import SimpleNamespace
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from scrapy.settings import Settings
from twisted.python.failure import Failure

from n8n_scraper.downloader import breaker_id
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.site.answers import judge, judge_exception
from n8n_scraper.store.database import connect
from n8n_scraper.store.thread import StoreThread

ORDER = json.loads(sys.argv[1])


def new_thread() -> StoreThread:
    return StoreThread(partial(connect, ORDER["dsn"]))


class MiniSpider(Spider):
    name = "mini"
    handle_httpstatus_list = [204, *range(400, 600)]  # noqa: RUF012 - Scrapy's own name and form
    session = SimpleNamespace(new_thread=new_thread) if ORDER.get("dsn") else None
    outcomes: list[dict[str, Any]]

    async def start(self) -> AsyncIterator[Request]:
        self.outcomes = []
        for url in ORDER["urls"]:
            yield Request(url, dont_filter=True, errback=self.failed)

    def parse(self, response: Response) -> None:
        kind = None
        try:
            judge(response.status, response.headers.to_unicode_dict(), response.body, expects="text")
        except UnusableAnswer as failure:
            kind = failure.kind
        assert response.request is not None
        self._note(response.request, kind, status=response.status)

    def failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        unusable = judge_exception(failure.value)
        self._note(request, unusable.kind if unusable else type(failure.value).__name__, tell=unusable is not None)

    def _note(self, request: Request, kind: str | None, *, tell: bool = True, **more: Any) -> None:
        meta = {name: request.meta.get(name) for name in ("download_latency", "rate_wait")}
        rate = self.crawler.get_extension(RateExtension)
        more["waiting"] = rate.waiting if rate else None
        self.outcomes.append({"url": request.url, "kind": kind, **meta, **more})
        if rate and tell:
            rate.breaker.record(kind, breaker_id(request))


def settings() -> Settings:
    made = Settings()
    made.setmodule("n8n_scraper.settings", priority="project")
    of_ours = {
        "ADDONS": {},
        "FEED_EXPORTERS": {},
        "FEED_STORAGES": {},
        "ITEM_PIPELINES": {},
        "AUTOTHROTTLE_START_DELAY": 0,
        "EXTENSIONS": {"n8n_scraper.extensions.rate.RateExtension": 0},
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "n8n_scraper.middlewares.robots.RobotsMiddleware": 100,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,
        },
        "REFERER_ENABLED": True,
        "USER_AGENT": "n8n_scraper/test (nobody@example.org)",
        "LOG_LEVEL": "WARNING",
    }
    made.setdict(of_ours, priority="project")
    made.setdict(ORDER.get("settings", {}), priority="cmdline")
    return made


if __name__ == "__main__":
    process = CrawlerProcess(settings())
    crawler = process.create_crawler(MiniSpider)
    process.crawl(crawler)
    process.start()
    assert isinstance(crawler.spider, MiniSpider)
    print(json.dumps({"outcomes": crawler.spider.outcomes, "stats": crawler.stats.get_stats()}, default=str))
