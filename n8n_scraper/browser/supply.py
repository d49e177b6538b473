"""Fetches what pages ask for while they are built, as the crawl fetches everything: by robots.txt, gate and breaker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from n8n_scraper import stats
from n8n_scraper.browser import rules
from n8n_scraper.downloader import NO_ANSWER, NotSent
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.middlewares.decompression import ACCEPTED
from n8n_scraper.middlewares.robots import Disallowed
from n8n_scraper.site.answers import judge, judge_exception, redirect_target

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from n8n_scraper.site.addresses import Site
    from n8n_scraper.visit import Visit

PRIORITY = 500
"""Before new workflows: a page that is half built holds memory."""
MAX_REDIRECTS = 3
MAX_KEPT_BYTES = 32_000_000


class Supply:
    """One for all pages of a crawl. Scripts are fetched once for all of them."""

    def __init__(self, crawler: Crawler, site: Site) -> None:
        self._crawler = crawler
        self._site = site
        self._under_way: set[Request] = set()
        self._scripts: dict[str, Response] = {}
        self._coming: dict[str, asyncio.Task[Response]] = {}

    @property
    def is_ending(self) -> bool:
        """The crawl is: nothing is asked for any more."""
        rate = self._crawler.get_extension(RateExtension)
        return rate is not None and rate.gate.closed

    @property
    def is_waiting(self) -> bool:
        """Something that was asked for waits for its turn: no time that a page takes."""
        rate = self._crawler.get_extension(RateExtension)
        return rate is not None and any(request not in rate.sent for request in self._under_way)

    async def script(self, url: str, page: str, visit: Visit) -> Response:
        """The same as :meth:`fetch`, from memory where it was fetched before."""
        if url in self._scripts or url in self._coming:
            self._crawler.stats.inc_value(stats.RENDER_REUSED_COUNT)
        if response := self._scripts.get(url):
            return response
        if url not in self._coming:
            self._coming[url] = asyncio.ensure_future(self._fetch_script(url, page, visit))
        return await asyncio.shield(self._coming[url])

    async def _fetch_script(self, url: str, page: str, visit: Visit) -> Response:
        try:
            response = await self.fetch(url, page, visit)
        finally:
            del self._coming[url]
        if _is_shared(response):
            self._scripts[url] = response
            while sum(len(kept.body) for kept in self._scripts.values()) > MAX_KEPT_BYTES:
                del self._scripts[next(iter(self._scripts))]
        return response

    async def fetch(self, url: str, page: str, visit: Visit) -> Response:
        """The answer to a request of a page; redirects between our two hosts are followed.

        Raises:
            Disallowed: robots.txt forbids it.
            NotSent: the crawl is ending.
            UnusableAnswer: no answer came.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._ask(url, page, visit)
            target = redirect_target(response.status, response.headers.get("Location"), url)
            if target is None:
                return response
            url = target
            if not self._site.is_ours(url):
                raise UnusableAnswer("unexpected", "a part of the page is a redirect off the site")
        raise UnusableAnswer("unexpected", f"a part of the page is more than {MAX_REDIRECTS} redirects away")

    async def _ask(self, url: str, page: str, visit: Visit) -> Response:
        headers = {"Accept": "*/*", "Accept-Encoding": ACCEPTED, **rules.origin_header(page, url)}
        meta = {"breaker_id": visit.id, "download_slot": "browser"}
        request = Request(url, headers=headers, meta=meta, priority=PRIORITY, callback=NO_CALLBACK)
        visit.request_count += 1
        self._crawler.stats.inc_value(stats.RENDER_REQUEST_COUNT)
        self._under_way.add(request)
        assert self._crawler.engine is not None
        try:
            response = await self._crawler.engine.download_async(request)
        except (NotSent, Disallowed):
            raise
        except NO_ANSWER as error:
            failure = judge_exception(error)
            if failure is None:
                raise
            self._tell_breaker(failure, visit)
            raise failure from error
        finally:
            self._under_way.discard(request)
        self._tell_breaker(failure_of(response), visit)
        return response

    def _tell_breaker(self, failure: UnusableAnswer | None, visit: Visit) -> None:
        """While it is not closed this was the probe, and the rest of the page waits for what came of it.

        Else the outcome of the page is told, once.
        """
        rate = self._crawler.get_extension(RateExtension)
        if rate and rate.breaker.state != "closed":
            rate.breaker.record(failure.kind if failure else None, visit.id)


def failure_of(response: Response) -> UnusableAnswer | None:
    """What is wrong with an answer to a request of a page, None when nothing is."""
    try:
        if damage := response.meta.get("damage"):
            raise damage
        judge(response.status, response.headers.to_unicode_dict(), response.body, expects="text")
    except UnusableAnswer as failure:
        return failure
    return None


def _is_shared(response: Response) -> bool:
    directives = (response.headers.get("Cache-Control") or b"").decode("latin-1")
    return failure_of(response) is None and rules.may_be_shared(directives)
