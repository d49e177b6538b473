"""Retries with back-off: decides with pure functions what an answer means, and puts a retry into the frontier.

An answer that is usable is read here too, so that a broken one is retried like any other failure.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NoReturn, cast

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from n8n_scraper import stats
from n8n_scraper.downloader import breaker_id
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.politeness.backoff import PUT_OFF_SECONDS, retry_delay
from n8n_scraper.project import load_config
from n8n_scraper.site.answers import judge, judge_exception, redirect_target

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.spiders.workflows import WorkflowsSpider

MAX_REDIRECTS = 3


class RetryLater(IgnoreRequest):
    """The request waits in the worklist for another attempt: nothing ended, nothing failed yet."""


class RetryMiddleware:
    """Raises UnusableAnswer for what has no retry left, RetryLater for what waits; meta ``answer`` is what was read."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._download_timeout = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._workflow_timeout = load_config(crawler.settings).workflow_timeout

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    @property
    def _spider(self) -> WorkflowsSpider:
        return cast("WorkflowsSpider", self._crawler.spider)

    def process_request(self, request: Request) -> None:
        if visit := request.meta.get("visit"):
            source = request.meta["source"]
            visit.attempts[source] = visit.attempts.get(source, 0) + 1
            visit.request_count += 1
            seconds_left = max(0.1, self._workflow_timeout - visit.service_seconds)
            request.meta["download_timeout"] = min(self._download_timeout, seconds_left)

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        if "read" not in request.meta:  # robots.txt is judged by its own middleware
            return response
        if redirect := self._redirect(request, response):
            return redirect
        try:
            if damage := request.meta.get("damage"):
                raise damage
            judge(response.status, response.headers.to_unicode_dict(), response.body, expects=request.meta["expects"])
            request.meta["answer"] = request.meta["read"](response)
        except UnusableAnswer as failure:
            await self._fail(request, failure)
        self._note(request, "ok")
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        failure = judge_exception(exception)
        if failure is not None and "read" in request.meta:
            await self._fail(request, failure)

    async def _fail(self, request: Request, failure: UnusableAnswer) -> NoReturn:
        self._note(request, failure.kind)
        if "visit" not in request.meta:
            raise failure
        await self._give_back()
        visit, source = request.meta["visit"], request.meta["source"]
        visit.service_seconds += request.meta.pop("service_seconds", 0.0)
        if visit.service_seconds >= self._workflow_timeout:
            raise UnusableAnswer(
                "timeout", f"its answers took more than {self._workflow_timeout:g} s (WORKFLOW_TIMEOUT)"
            )
        delay = retry_delay(failure.kind, visit.attempts[source], failure.retry_after, random.random)
        if delay is None:
            raise failure
        self._crawler.stats.inc_value(stats.RETRY_COUNT if delay <= PUT_OFF_SECONDS else stats.PUT_OFF_COUNT)
        await self._spider.worklist.retry_in(delay, visit, source)
        raise RetryLater(f"{failure} (again in {delay:.1f} s)")

    async def _give_back(self) -> None:
        """An open breaker says that the site failed, not these workflows: their attempts do not count."""
        rate = self._crawler.get_extension(RateExtension)
        if rate and rate.breaker.state != "closed":
            await self._spider.worklist.give_back(
                {id: count for id, count in rate.breaker.take_blame().items() if isinstance(id, int)}
            )

    def _redirect(self, request: Request, response: Response) -> Request | None:
        """A redirect inside the site is followed; elsewhere it is an unexpected answer, judged like any other."""
        address = redirect_target(response.status, response.headers.get("Location"), request.url)
        hops = request.meta.get("redirect_times", 0) + 1
        if address is None or hops > MAX_REDIRECTS or not self._spider.site.is_ours(address):
            return None
        meta = {**request.meta, "redirect_times": hops}
        return request.replace(url=address, priority=request.priority + 1, meta=meta)

    def _note(self, request: Request, meaning: str) -> None:
        self._crawler.stats.inc_value(stats.ANSWER_COUNT.format(meaning))
        if rate := self._crawler.get_extension(RateExtension):
            rate.breaker.record(None if meaning == "ok" else meaning, breaker_id(request))
