"""The browser of a crawl: one, started when the first page needs it, with few contexts, restarted now and then.

scrapy-playwright drives it. Chromium itself has no network: what a page asks for is fetched by the crawl, so that
gate, robots.txt, breaker and sizes are the same for all, and no redirect, preload or socket goes past them.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from playwright.async_api import Error as PlaywrightError
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler
from scrapy_playwright.provider import PlaywrightBrowserProvider

from n8n_scraper import stats
from n8n_scraper.browser.launch import launch_options, why_not_started
from n8n_scraper.browser.rendering import Rendering
from n8n_scraper.browser.supply import Supply
from n8n_scraper.downloader import NotSent
from n8n_scraper.exceptions import NoBrowser, UnusableAnswer
from n8n_scraper.project import load_config
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.answers import judge_exception

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from n8n_scraper.visit import Visit

T = TypeVar("T")
logger = logging.getLogger(__name__)
MAX_CONTEXTS = 2
PAGES_PER_BROWSER = 100
"""Then it is started anew: what leaks in a browser does not add up."""
TICK_SECONDS = 0.2
CLOSE_SECONDS = 10.0
"""A browser that does not close in time is left to its driver, which kills it when our end of the pipe closes."""


class Rendered(NamedTuple):
    """``failure`` is of a part of the page that did not come, None when all did."""

    response: HtmlResponse
    failure: UnusableAnswer | None


class Browser:
    """Renders pages that the crawl has fetched."""

    def __init__(self, crawler: Crawler, executable: str) -> None:
        self._crawler = crawler
        self._executable = executable
        config = load_config(crawler.settings)
        self._site = Site(config.site_url, config.api_url)
        self._max_bytes = config.max_body_bytes
        self._supply = Supply(crawler, self._site)
        self._handler: ScrapyPlaywrightDownloadHandler | None = None
        self._names = itertools.count(1)
        self._room = asyncio.Condition()
        self._open_count = 0
        self._page_count = 0

    async def render(self, request: Request, document: Response) -> Rendered:
        """The page that was asked for as a browser shows it, made from the answer that the crawl got.

        It may take as long as any answer (meta ``download_timeout``), and counts as such (meta ``service_seconds``).

        Raises:
            UnusableAnswer: the page could not be rendered.
            NotSent: the crawl is ending.
            NoBrowser: nothing can be rendered.
        """
        await self._enter()
        is_whole = False
        try:
            rendered = await self._render(request, document)
            is_whole = True
        finally:
            await self._leave(is_whole)
        return rendered

    async def close(self) -> None:
        """End the browser, if there is one."""
        handler, self._handler, self._page_count = self._handler, None, 0
        if handler is None:
            return
        try:
            await asyncio.wait_for(handler.close(), CLOSE_SECONDS)
        except (PlaywrightError, OSError, asyncio.TimeoutError) as error:
            logger.warning("The browser did not close by itself (%s).", type(error).__name__)

    async def _enter(self) -> None:
        """Wait for a free context. A worn browser is closed when its last page is done."""
        async with self._room:
            await self._room.wait_for(self._has_room)
            if self._supply.is_ending:
                raise NotSent("the crawl is ending")
            if self._is_worn:
                await self.close()
            if self._handler is None:
                self._handler = await self._start()
            self._open_count += 1
            self._page_count += 1

    async def _leave(self, is_whole: bool) -> None:
        async with self._room:
            self._open_count -= 1
            if not is_whole:
                self._page_count = PAGES_PER_BROWSER  # whatever went wrong, the next page gets a browser of its own
            self._room.notify_all()

    @property
    def _is_alive(self) -> bool:
        return self._handler is not None and self._handler.browser.is_connected()

    @property
    def _is_worn(self) -> bool:
        return self._page_count >= PAGES_PER_BROWSER

    def _has_room(self) -> bool:
        return self._open_count < (1 if self._is_worn else MAX_CONTEXTS)

    async def _start(self) -> ScrapyPlaywrightDownloadHandler:
        handler = ScrapyPlaywrightDownloadHandler(self._crawler)
        # Nothing of this is left to PLAYWRIGHT_… settings: it is what keeps the browser off the network, and bounded.
        handler.config = replace(
            handler.config,
            cdp_url=None,
            connect_url=None,
            browser_type_name="chromium",
            launch_options=launch_options(self._executable),
            max_pages_per_context=1,
            startup_context_kwargs={},
            navigation_timeout_ms=0,  # waits for a turn are no slowness of a page: our own deadline knows them
            target_closed_max_retries=0,
        )
        handler.browser_provider = PlaywrightBrowserProvider(handler.config)
        try:
            await handler.browser_provider.start()
            handler.browser = await handler.browser_provider.launch_browser()
        except (PlaywrightError, OSError) as error:
            await handler.close()
            raise NoBrowser(f"the browser cannot be started: {why_not_started(str(error))}") from error
        return handler

    async def _render(self, request: Request, document: Response) -> Rendered:
        assert self._handler is not None
        visit: Visit = request.meta["visit"]
        rendering = Rendering(document, visit, self._supply, self._site, self._crawler.stats, self._max_bytes)
        name = f"page-{next(self._names)}"
        try:
            text = await self._bounded(self._shown(document.url, rendering, name), request)
        except PlaywrightError as error:
            raise rendering.not_sent or judge_exception(error) or error from error
        finally:
            await self._close_context(name)
        if rendering.not_sent:
            raise rendering.not_sent
        self._crawler.stats.inc_value(stats.RENDERED_COUNT)
        return Rendered(self._made(document, text), rendering.failure)

    async def _shown(self, url: str, rendering: Rendering, name: str) -> str:
        assert self._handler is not None
        request = Request(url, meta=self._meta(rendering, name))
        # Its response is the page as it was at first, and cannot be made of half an emoji: neither is of use here.
        with suppress(UnicodeEncodeError):
            await self._handler.download_request(request)
        return await rendering.built(request.meta["playwright_page"])

    def _meta(self, rendering: Rendering, name: str) -> dict[str, object]:
        return {
            "playwright": True,
            "playwright_context": name,
            "playwright_context_kwargs": {
                "accept_downloads": False,
                "service_workers": "block",
                "user_agent": self._crawler.settings["USER_AGENT"],
            },
            "playwright_include_page": True,  # the context is closed here, and with it the page
            "playwright_page_init_callback": rendering.prepare,
            "playwright_page_goto_kwargs": {"wait_until": "commit", "timeout": 0},
        }

    async def _bounded(self, work: Coroutine[None, None, T], request: Request) -> T:
        """Seconds in which something waited for its turn do not count."""
        task = asyncio.ensure_future(work)
        spent, seconds = 0.0, request.meta["download_timeout"]
        try:
            while not task.done():
                began = time.monotonic()
                await asyncio.wait({task}, timeout=TICK_SECONDS)
                if not self._supply.is_waiting:
                    spent += time.monotonic() - began
                if not task.done() and not self._is_alive:
                    raise UnusableAnswer("network", "the browser ended while it built the page")
                if spent > seconds and not task.done():
                    raise UnusableAnswer("timeout", f"the page was not built after {seconds:.0f} s in the browser")
            return task.result()
        finally:
            request.meta["service_seconds"] = request.meta.get("service_seconds", 0.0) + spent
            sum_before = self._crawler.stats.get_value(stats.RENDER_SECONDS, 0.0)
            self._crawler.stats.set_value(stats.RENDER_SECONDS, sum_before + spent)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _close_context(self, name: str) -> None:
        wrapper = self._handler.context_wrappers.get(name) if self._handler else None
        if wrapper is None:
            return
        try:
            await asyncio.wait_for(wrapper.context.close(), CLOSE_SECONDS)
        except PlaywrightError:
            self._page_count = PAGES_PER_BROWSER  # the browser is gone, or about to be
        except asyncio.TimeoutError:
            logger.warning("A page of the browser did not close in %g s.", CLOSE_SECONDS)
            self._page_count = PAGES_PER_BROWSER

    def _made(self, document: Response, text: str) -> HtmlResponse:
        body = text.encode("utf-8", "replace")
        if len(body) > self._max_bytes:
            raise UnusableAnswer("too_large", "the page is larger than MAX_BODY_BYTES in the browser")
        return HtmlResponse(
            document.url,
            status=document.status,
            headers=document.headers,
            body=body,
            encoding="utf-8",
            flags=[*document.flags, "playwright"],
            request=document.request,
        )
