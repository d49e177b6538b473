"""What the site tells of itself: robots.txt and the sitemap, read before the first workflow."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import CloseSpider

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.middlewares.robots import Disallowed, RobotsMiddleware, unread_reason
from n8n_scraper.politeness.retries import ask_until_answered
from n8n_scraper.site.sitemap import Sitemap
from n8n_scraper.spiders.requests import sitemap_request

if TYPE_CHECKING:
    from scrapy import Request

    from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)


class SiteDocuments:
    """Where the crawl cannot start without a document, CloseSpider is raised with a documented reason."""

    def __init__(self, spider: WorkflowsSpider) -> None:
        self._spider = spider
        self._site = spider.site
        self._arguments = spider.arguments

    async def robots(self) -> tuple[bool, str]:
        """Whether the API may be asked, and what that leaves of the argument ``page``."""
        robots = self._spider.crawler.get_downloader_middleware(RobotsMiddleware)
        assert robots is not None
        try:
            api_open = await robots.verdict(self._site.detail(1))
            site_open = await robots.verdict(self._site.page(1, "x"))
        except UnusableAnswer as failure:
            logger.error("robots.txt cannot be read (%s); nothing was asked for. Try again later.", failure)
            raise CloseSpider(unread_reason(failure)) from None
        page = self._arguments.page if site_open else "no"
        if not api_open and (page == "no" or set(self._arguments.needed_layers) == {2}):
            logger.error(
                "robots.txt of %s closes the API, and the arguments leave nothing else to ask.", self._site.api_url
            )
            raise CloseSpider("disallowed")
        if not api_open:
            logger.warning(
                "robots.txt of %s closes the API: layer 2 (workflow JSON) is not asked for, layers 1 and 3 come from"
                " the pages. Whoever has permission opens it with N8N_SCRAPER_API_ROBOTSTXT_OBEY=False.",
                self._site.api_url,
            )
        return api_open, page

    async def sitemap(self) -> dict[int, str]:
        """Addresses of workflows by id; none where it cannot be read and the arguments give the ids."""
        try:
            index: Sitemap = await self.fetch(sitemap_request(self._site.sitemap_index))
            files = [index]
            if index.kind == "index":
                ours = [
                    address for address in index.locations if self._site.is_ours(address) and "workflows" in address
                ]
                files = [await self.fetch(sitemap_request(address)) for address in ours]
        except UnusableAnswer as failure:
            return self._without_sitemap(failure)
        refs = [(self._site.read(address), address) for file in files for address in file.locations]
        addresses = {ref.id: address for ref, address in refs if ref}
        if not addresses:
            return self._without_sitemap(UnusableAnswer("malformed", "there is no workflow in it"))
        return addresses

    def _without_sitemap(self, failure: UnusableAnswer) -> dict[int, str]:
        if self._arguments.ids is None:
            logger.error("The sitemap cannot be read (%s), so it is unknown what there is. Try again later.", failure)
            raise CloseSpider("blocked" if failure.kind == "blocked" else "sitemap_unavailable")
        logger.warning("The sitemap cannot be read (%s): addresses come from the pages.", failure)
        return {}

    async def fetch(self, request: Request) -> Any:
        """A document of the site, retried as the policy says.

        Raises:
            UnusableAnswer: the last failure.
        """
        crawler = self._spider.crawler
        rate = crawler.get_extension(RateExtension)
        assert crawler.engine is not None
        assert rate is not None
        download = crawler.engine.download_async

        async def ask() -> Any:
            response = await download(request.copy())
            return response.meta["answer"]

        try:
            return await ask_until_answered(ask, partial(rate.back_off, url=request.url))
        except Disallowed:
            raise UnusableAnswer("unexpected", "robots.txt forbids it") from None
