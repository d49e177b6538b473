"""An image asked for: through robots.txt and the rate gate of its host, redirects followed, failures retried."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from n8n_scraper import stats
from n8n_scraper.downloader import NO_ANSWER, Forbidden, NotSent, outside_meta
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.middlewares.decompression import ACCEPTED
from n8n_scraper.middlewares.robots import Disallowed
from n8n_scraper.politeness.outside import refusal
from n8n_scraper.politeness.retries import ask_until_answered
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.answers import judge, judge_exception, redirect_target

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from n8n_scraper.config import Config
    from n8n_scraper.extensions.rate import RateExtension

MAX_REDIRECTS = 5
PLACES, HOST_PLACES = 8, 2
"""Images asked for at once, in all and of one host: the engine counts them among its CONCURRENT_REQUESTS, and the site
must have some left."""
PRIORITY = -10


class ImageDownload:
    def __init__(self, crawler: Crawler, config: Config, rate: RateExtension) -> None:
        self._crawler = crawler
        self._rate = rate
        self._site = Site(config.site_url, config.api_url)
        self._inner_hosts = config.named_hosts
        self._places = asyncio.Semaphore(PLACES)
        self._host_places: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(HOST_PLACES))

    async def response(self, url: str) -> Response:
        """A whole answer with status 200, that may be an image.

        Raises:
            UnusableAnswer: there is none, and no retry is left.
            Disallowed: robots.txt forbids it.
            NotSent, GateClosed: the crawl is ending; nothing is known of the address.
        """

        async def wait(seconds: float) -> None:
            self._crawler.stats.inc_value(stats.MEDIA_RETRY_COUNT)
            await self._rate.back_off(seconds, url)

        return await ask_until_answered(partial(self._redirected, url), wait)

    async def _redirected(self, url: str) -> Response:
        address = url
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._asked(address)
            target = redirect_target(response.status, response.headers.get("Location"), address)
            if target is None:
                self._judge(address, response)
                return response
            address = target
        raise UnusableAnswer("unexpected", f"more than {MAX_REDIRECTS} redirects")

    async def _asked(self, address: str) -> Response:
        assert self._crawler.engine is not None
        if reason := refusal(address, self._inner_hosts):
            self._refuse(reason)
        async with self._host_places[urlsplit(address).netloc], self._places:
            try:
                return await self._crawler.engine.download_async(_request(address))
            except (NotSent, Disallowed):
                raise
            except Forbidden as refused:  # its name leads to an inner address
                self._refuse(str(refused))
            except NO_ANSWER as error:
                failure = judge_exception(error)
                if failure is None:
                    raise
                self._tell_breaker(address, failure.kind)
                raise failure from None

    def _refuse(self, reason: str) -> NoReturn:
        self._crawler.stats.inc_value(stats.MEDIA_REFUSED_COUNT)
        raise UnusableAnswer("unexpected", reason)

    def _judge(self, address: str, response: Response) -> None:
        try:
            if damage := response.meta.get("damage"):
                raise damage
            judge(response.status, response.headers.to_unicode_dict(), response.body, expects="text")
            if not response.body:
                raise UnusableAnswer("malformed", "the body is empty")
        except UnusableAnswer as failure:
            self._tell_breaker(address, failure.kind)
            raise
        self._tell_breaker(address, None)

    def _tell_breaker(self, address: str, kind: str | None) -> None:
        """The breaker is about our two hosts; others are none of its business."""
        if self._site.is_ours(address):
            self._rate.breaker.record(kind, address)


def _request(address: str) -> Request:
    """Raises:
    UnusableAnswer: it is no address.
    """
    headers = {"Accept": "image/*", "Accept-Encoding": ACCEPTED}
    try:
        return Request(address, headers=headers, meta=outside_meta(address), priority=PRIORITY, callback=NO_CALLBACK)
    except ValueError:
        raise UnusableAnswer("unexpected", "not an address") from None
