"""One page in the browser: hands it what it asks for, and waits until it is built."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError
from scrapy.utils.python import to_unicode

from n8n_scraper import stats
from n8n_scraper.browser import rules
from n8n_scraper.browser.supply import Supply, failure_of
from n8n_scraper.downloader import NotSent
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.middlewares.robots import Disallowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Page, Route, WebSocketRoute
    from playwright.async_api import Request as PlaywrightRequest
    from scrapy import Request
    from scrapy.http import Response
    from scrapy.statscollectors import StatsCollector

    from n8n_scraper.site.addresses import Site
    from n8n_scraper.visit import Visit

QUIET_SECONDS = 0.5
"""A page is built when it is loaded, and nothing came, went or changed for so long …"""
QUIET_ROUND_TRIPS = 5
"""… or for so many questions to it, which take longer on a busy machine, as all that it does."""
PATIENCE_SECONDS = 3.0
"""A page that never says it is loaded, or never stops changing, is built when nothing came or went for so long."""
POLL_SECONDS = 0.1
_NO_PEERS = "for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport']) delete window[name];"
"""What would reach others past the requests that are handed over here."""
_REST = """() => new Promise(done => setTimeout(() => requestIdleCallback(() => done(
  [document.readyState == "complete", document.documentElement?.outerHTML.length ?? 0]), {timeout: 1000})))"""


class Rendering:
    """``document`` is the answer that the crawl got for the page; the browser does not ask for it again."""

    def __init__(
        self, document: Response, visit: Visit, supply: Supply, site: Site, stats_: StatsCollector, max_bytes: int
    ) -> None:
        self._document = document
        self._visit = visit
        self._supply = supply
        self._site = site
        self._stats = stats_
        self._max_bytes = max_bytes
        self._is_served = False
        self._asked_count = 0
        self._under_way = 0
        self._changed_at = time.monotonic()
        self.failure: UnusableAnswer | None = None
        """Of a part of the page, where that explains why the rest is missing."""
        self.not_sent: NotSent | None = None
        """The crawl is ending, and a part of the page was not asked for any more."""

    async def prepare(self, page: Page, request: Request) -> None:
        """Before the page is opened; the signature is that of ``playwright_page_init_callback``."""
        context = page.context
        await context.add_init_script(_NO_PEERS)
        await context.route_web_socket("**/*", _close_socket)
        await context.route("**/*", self._answer)
        await page.route("**/*", self._answer)  # goes before the route of scrapy-playwright, which asks the network
        context.on("page", _close_page)

    async def built(self, page: Page) -> str:
        """The page when it is built. One that never rests is ended by its deadline.

        Raises:
            UnusableAnswer: ``too_large``.
        """
        seen, still_since = None, 0.0
        while True:
            asked_at = time.monotonic()
            # Not Playwright's load states: a page that wants to be elsewhere while it loads never reaches them.
            is_loaded, size = state = await page.evaluate(_REST)
            if size > self._max_bytes:
                raise UnusableAnswer("too_large", "the page grew larger than MAX_BODY_BYTES in the browser")
            now = time.monotonic()
            if state != seen:
                seen, still_since = state, now
            if not self._under_way and self._is_quiet(now, still_since if is_loaded else now, now - asked_at):
                return await page.content()
            await asyncio.sleep(POLL_SECONDS)

    def _is_quiet(self, now: float, still_since: float, round_trip: float) -> bool:
        least = QUIET_ROUND_TRIPS * round_trip
        is_still = now - max(self._changed_at, still_since) >= max(QUIET_SECONDS, least)
        return is_still or now - self._changed_at >= max(PATIENCE_SECONDS, least)

    async def _answer(self, route: Route) -> None:
        try:
            await self._hand_over(route, route.request)
        except PlaywrightError:
            return  # the page was closed while its answer was fetched

    async def _hand_over(self, route: Route, request: PlaywrightRequest) -> None:
        if request.is_navigation_request():
            await self._navigate(route)
            return
        kind = request.resource_type
        refused = rules.refusal(
            self._site, url=request.url, method=request.method, kind=kind, asked_count=self._asked_count
        )
        if refused:
            await self._refuse(route, refused)
            return
        self._asked_count += 1
        self._under_way += 1
        try:
            response = await self._fetch(request.url, kind)
        finally:
            self._under_way -= 1
            self._changed_at = time.monotonic()
        if response is None:
            await self._refuse(route, None)
        else:
            headers = rules.kept_headers(_headers(response))
            await route.fulfill(status=response.status, headers=headers, body=response.body)

    async def _navigate(self, route: Route) -> None:
        """The page itself comes first; whatever it wants to go to is "no content", which leaves it as it is."""
        if self._is_served:
            self._count("navigation")
            await route.fulfill(status=204)
            return
        self._is_served = True
        self._changed_at = time.monotonic()
        headers = rules.kept_headers(_headers(self._document))
        await route.fulfill(status=self._document.status, headers=headers, body=self._document.body)

    async def _fetch(self, url: str, kind: str) -> Response | None:
        fetch = self._supply.script if kind == "script" else self._supply.fetch
        try:
            response = await fetch(url, self._document.url, self._visit)
        except Disallowed:
            self._count("robots")
            return None
        except NotSent as not_sent:
            self.not_sent = not_sent
            return None
        except UnusableAnswer as failure:
            self._note(failure)
            return None
        self._note(failure_of(response))
        return response

    def _note(self, failure: UnusableAnswer | None) -> None:
        if failure and rules.explains(failure.kind):
            self.failure = self.failure or failure

    async def _refuse(self, route: Route, reason: rules.Refusal | None) -> None:
        if reason:
            self._count(reason)
        await route.abort()

    def _count(self, reason: rules.Refusal) -> None:
        self._stats.inc_value(stats.RENDER_ABORTED_COUNT.format(reason))


def _headers(response: Response) -> Mapping[str, str]:
    return {to_unicode(name): to_unicode(values[-1], "latin-1") for name, values in response.headers.items()}


async def _close_socket(socket: WebSocketRoute) -> None:
    await socket.close()


async def _close_page(page: Any) -> None:
    """A popup; the page itself was there before."""
    await page.close()
