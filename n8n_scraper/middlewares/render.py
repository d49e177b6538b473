"""Renders pages in a browser: with ``render=auto`` those that are nothing before their scripts have run.

Only a page that came whole and with status 200 is rendered: what is blocked, gone or broken is judged as it is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.http import Request, Response, TextResponse
from scrapy.utils.misc import load_object

from n8n_scraper.browser.launch import find_browser
from n8n_scraper.exceptions import NoBrowser, StartError, UnusableAnswer
from n8n_scraper.project import load_config
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.answers import judge
from n8n_scraper.site.page import PageFacts, read_page

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.browser.browser import Browser

logger = logging.getLogger(__name__)


class RenderMiddleware:
    """Comes after decompression and before the retry middleware, to which it hands failures as meta ``damage``."""

    def __init__(self, crawler: Crawler, executable: str | None) -> None:
        self._crawler = crawler
        self._executable = executable
        config = load_config(crawler.settings)
        self._site = Site(config.site_url, config.api_url)
        arguments = getattr(crawler.spider, "arguments", None)
        self._mode: str = arguments.render if arguments else "never"
        self._browser: Browser | None = None
        self._is_told = False
        if self._mode == "always" and executable is None:
            raise StartError(
                "Argument render=always: there is no browser. Install Debian's chromium, or name another with"
                " N8N_SCRAPER_CHROMIUM."
            )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler, find_browser(load_config(crawler.settings).chromium))
        crawler.signals.connect(middleware._spider_closed, signals.spider_closed)
        return middleware

    async def process_response(self, request: Request, response: Response) -> Response:
        if self._mode == "never" or request.meta.get("source") != "page" or "visit" not in request.meta:
            return response
        if not self._is_wanted(request, response):
            return response
        try:
            return await self._render(request, response)
        except UnusableAnswer as failure:
            request.meta["damage"] = failure
        except NoBrowser as error:
            self._executable = None
            self._tell(error)
            if self._mode == "always":
                request.meta["damage"] = UnusableAnswer("internal", "there is no browser")
        return response

    def _is_wanted(self, request: Request, response: Response) -> bool:
        if request.meta.get("damage"):
            return False
        try:
            judge(response.status, response.headers.to_unicode_dict(), response.body, expects="html")
            return self._mode == "always" or self._facts(response).needs_script
        except UnusableAnswer:
            return False

    async def _render(self, request: Request, response: Response) -> Response:
        if self._executable is None:
            raise NoBrowser("there is no browser: install Debian's chromium, or name one with N8N_SCRAPER_CHROMIUM")
        if self._browser is None:
            # Playwright is imported when the first page needs it.
            self._browser = load_object("n8n_scraper.browser.browser.Browser")(self._crawler, self._executable)
        rendered = await self._browser.render(request, response)
        if rendered.failure and not self._facts(rendered.response).is_template:
            raise rendered.failure
        return rendered.response

    def _facts(self, response: Response) -> PageFacts:
        return read_page(response.body, response.encoding if isinstance(response, TextResponse) else None, self._site)

    def _tell(self, error: NoBrowser) -> None:
        """Once a run."""
        if not self._is_told:
            logger.warning("Pages that need a browser fail, because %s.", error)
            self._is_told = True

    async def _spider_closed(self) -> None:
        if self._browser:
            await self._browser.close()
