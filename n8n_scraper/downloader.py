"""The download handler of all HTTP requests: each waits for its turn right before the socket.

Here nothing is left that could send a request past the gate, or to another host: not a middleware, a redirect, a
retry or robots.txt. The one narrow way out is meta ``outside``, set by who downloads images: to public addresses, on
their usual ports.
Waiting here counts neither into DOWNLOAD_TIMEOUT nor into the latency that AutoThrottle sees.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from twisted.internet.error import ConnectError, ConnectionClosed

from n8n_scraper.extensions.rate import RateExtension, breaker_id
from n8n_scraper.politeness.gate import GateClosed
from n8n_scraper.politeness.outside import refusal
from n8n_scraper.project import load_config
from n8n_scraper.resolver import PublicResolver
from n8n_scraper.site.addresses import Site

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["GatedDownloadHandler", "NotSent", "breaker_id"]

NO_ANSWER = (
    CannotResolveHostError,
    ConnectError,
    ConnectionClosed,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
"""What may come in place of an answer."""


class NotSent(IgnoreRequest):
    """The crawl is ending and the request never went out: nothing was tried, and nothing failed."""


class Forbidden(IgnoreRequest):
    """An address that is neither of the two hosts, nor a public one for which ``outside`` is set: it is not asked."""


def outside_meta(url: str) -> dict[str, Any]:
    """Meta of a request to another host: let out, and in a downloader slot of its own."""
    return {"outside": True, "download_slot": f"outside {urlsplit(url).netloc.lower()}"}


class GatedDownloadHandler(HTTP11DownloadHandler):
    """Sets meta ``rate_wait``, the seconds a request waited here, and ``service_seconds``, what its answer took."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool.retryAutomatically = False  # Twisted would send a GET again when a kept-alive connection is reset
        rate = crawler.get_extension(RateExtension)
        if rate is None:
            raise RuntimeError("EXTENSIONS must have n8n_scraper.extensions.rate.RateExtension.")
        self._rate = rate
        config = load_config(crawler.settings)
        self._site = Site(config.site_url, config.api_url)
        self._inner_hosts = config.named_hosts

    async def download_request(self, request: Request) -> Response:
        outside = bool(request.meta.get("outside"))
        self._check(request.url, outside=outside)
        try:
            waited = await self._rate.admit(request.url, request.priority, breaker_id(request), outside=outside)
        except GateClosed:
            raise NotSent("the crawl is ending") from None
        request.meta["rate_wait"] = request.meta.get("rate_wait", 0.0) + waited
        self._rate.sent.add(request)
        sent_at = time.monotonic()
        try:
            response = await super().download_request(request)
        except CannotResolveHostError:
            if urlsplit(request.url).hostname in PublicResolver.refused:
                raise Forbidden("an address that is not public") from None
            raise
        finally:
            request.meta["service_seconds"] = time.monotonic() - sent_at
        await self._rate.answered(request.url, response.status, sent_at)
        return response

    def _check(self, url: str, *, outside: bool) -> None:
        if outside:
            if reason := refusal(url, self._inner_hosts):
                raise Forbidden(reason)
        elif not self._site.is_ours(url):
            raise Forbidden("an address that is not of the site")
