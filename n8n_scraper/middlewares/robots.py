"""robots.txt, obeyed as RFC 9309 says.

| robots.txt | means |
|---|---|
| 2xx | its rules; of a long one the first 500 KiB |
| a redirect | followed up to five times, on its host or between our two; else unreachable |
| 4xx, also 401 and 403 | "unavailable": everything is allowed (2.3.1.3) |
| 429, 5xx, no answer | retried like any request; then "unreachable": nothing is asked for (2.3.1.4) |
| a challenge page | the site's guard, not the site: unreachable, and our crawl ends as blocked |

Scrapy's own middleware takes an unreachable robots.txt for permission. A Crawl-delay slows the host's gate.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.misc import build_from_crawler, load_object

from n8n_scraper import stats
from n8n_scraper.downloader import NO_ANSWER, NotSent, outside_meta
from n8n_scraper.exceptions import StartError, UnusableAnswer
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.politeness.gate import GateClosed
from n8n_scraper.politeness.retries import ask_until_answered
from n8n_scraper.project import load_config
from n8n_scraper.site.answers import is_challenge, judge, judge_exception, redirect_target
from n8n_scraper.store.robots_texts import note_text, read_text

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser
    from typing_extensions import Self

    from n8n_scraper.config import Config

logger = logging.getLogger(__name__)
PRIORITY = 1000
MAX_REDIRECTS = 5
MAX_BYTES = 500 * 1024
VALID_SECONDS = 86_400.0
LONGEST_CRAWL_DELAY = 60.0


class Disallowed(IgnoreRequest):
    """robots.txt forbids this address."""


class Unreachable(UnusableAnswer):
    """robots.txt of another host cannot be read, after its retries: nothing may be asked there."""

    is_final = True


class RobotsMiddleware:
    """One robots.txt per origin and day, read before the first request there, through the same gate as all others.

    The shards of a worker's job take what was read for all of them.
    """

    def __init__(self, crawler: Crawler, config: Config) -> None:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise StartError(
                "Setting ROBOTSTXT_OBEY = False: robots.txt is obeyed. Whoever has permission to use the API sets "
                "N8N_SCRAPER_API_ROBOTSTXT_OBEY=False, for that host alone."
            )
        self._crawler = crawler
        self._parser: type[RobotParser] = load_object(crawler.settings["ROBOTSTXT_PARSER"])
        self._user_agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"] or crawler.settings["USER_AGENT"]
        self._ours = {_origin(config.site_url), _origin(config.api_url)}
        self._exempt = set() if config.api_robotstxt_obey else {_origin(config.api_url)}
        self._rules: dict[str, tuple[float, asyncio.Future[RobotParser | None]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler, load_config(crawler.settings))

    async def process_request(self, request: Request) -> None:
        """Raises:
        IgnoreRequest: the address is disallowed, or its robots.txt cannot be read.
        Unreachable: that of another host cannot be read (meta ``outside``).
        """
        if request.meta.get("dont_obey_robotstxt"):
            return
        outside = bool(request.meta.get("outside"))
        try:
            if await self.verdict(request.url, outside=outside):
                return
        except UnusableAnswer as failure:
            if outside:
                raise Unreachable(failure.kind, failure.reason) from None
            self._end_crawl(request.url, unread_reason(failure))
            raise IgnoreRequest(str(failure)) from None
        self._crawler.stats.inc_value("robotstxt/forbidden")
        raise Disallowed("Forbidden by robots.txt")

    async def verdict(self, url: str, *, outside: bool = False) -> bool:
        """Whether robots.txt allows this address.

        Raises:
            UnusableAnswer: its robots.txt cannot be read, so nothing may be asked of that host.
        """
        origin = _origin(url)
        if origin in self._exempt:
            return True
        read_at, rules = self._rules.get(origin, (float("-inf"), None))
        if rules is None or time.monotonic() - read_at > VALID_SECONDS:
            rules = asyncio.ensure_future(self._read(origin, outside=outside))
            rules.add_done_callback(_look_at)
            self._rules[origin] = time.monotonic(), rules
        parser = await asyncio.shield(rules)
        return parser is None or parser.allowed(url, self._user_agent)

    async def _read(self, origin: str, *, outside: bool) -> RobotParser | None:
        """The rules, None for no rules at all."""
        spider: Any = self._crawler.spider
        task = getattr(spider, "arguments", None)  # preflight has none
        if task and task.shard is not None:  # its plan has asked
            stored = await spider.session.run(partial(read_text, origin=origin, valid_seconds=VALID_SECONDS))
            if stored is not None:
                self._rules[origin] = time.monotonic() - stored.age, self._rules[origin][1]
                return self._parse(stored.body, origin)
        body = await self._ask(origin, outside=outside)
        if task and task.task is not None:
            await spider.session.run(partial(note_text, origin=origin, body=body))
        return self._parse(body, origin)

    async def _ask(self, origin: str, *, outside: bool) -> bytes | None:
        """Its text, None where there is none."""

        async def ask() -> bytes | None:
            return self._text(await self._fetch(f"{origin}/robots.txt", outside=outside), origin)

        try:
            return await ask_until_answered(ask, partial(self._pause, origin))
        except UnusableAnswer as failure:
            self._crawler.stats.inc_value(stats.ROBOTS_UNREACHABLE_COUNT)
            raise UnusableAnswer(failure.kind, f"{origin}/robots.txt: {failure.reason}") from None

    async def _pause(self, origin: str, seconds: float) -> None:
        """Raises:
        NotSent: the crawl is ending.
        """
        self._crawler.stats.inc_value(stats.ROBOTS_RETRY_COUNT)
        rate = self._crawler.get_extension(RateExtension)
        assert rate is not None
        try:
            await rate.back_off(seconds, origin)
        except GateClosed:
            raise NotSent("the crawl is ending") from None

    async def _fetch(self, address: str, *, outside: bool) -> Response:
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._download(address, outside=outside)
            target = redirect_target(response.status, response.headers.get("Location"), address)
            if target is None:
                return response
            if not self._may_follow(address, target):
                raise UnusableAnswer("unexpected", "a redirect to another host")
            address = target
        raise UnusableAnswer("unexpected", f"more than {MAX_REDIRECTS} redirects")

    async def _download(self, address: str, *, outside: bool) -> Response:
        meta: dict[str, Any] = {
            "dont_obey_robotstxt": True,
            "dont_redirect": True,
            "dont_retry": True,
            "allow_offsite": True,
        }
        if outside and _origin(address) not in self._ours:
            meta |= outside_meta(address)
        request = Request(address, priority=PRIORITY, meta=meta, callback=NO_CALLBACK)
        self._crawler.stats.inc_value("robotstxt/request_count")
        try:
            response = await self._crawler.engine.download_async(request)
        except NO_ANSWER as error:
            failure = judge_exception(error)
            if failure is None:
                raise
            raise failure from error
        self._crawler.stats.inc_value("robotstxt/response_count")
        self._crawler.stats.inc_value(f"robotstxt/response_status_count/{response.status}")
        return response

    def _may_follow(self, address: str, target: str) -> bool:
        if _origin(target) in self._ours and _origin(address) in self._ours:
            return True
        old, new = urlsplit(address), urlsplit(target)
        return new.hostname == old.hostname and new.scheme in {"https", old.scheme}

    def _text(self, response: Response, origin: str) -> bytes | None:
        status, headers = response.status, response.headers.to_unicode_dict()
        if 400 <= status < 500 and status != 429 and not is_challenge(status, headers, response.body):
            logger.info("%s/robots.txt answers with status %d: everything is allowed (RFC 9309).", origin, status)
            return None
        judge(200 if 200 <= status < 300 else status, headers, response.body, expects="text")
        return _bounded(response.body)

    def _parse(self, body: bytes | None, origin: str) -> RobotParser | None:
        if body is None:
            return None
        parser = build_from_crawler(self._parser, self._crawler, body)
        self._slow_to(origin, min(parser.crawl_delay(self._user_agent) or 0.0, LONGEST_CRAWL_DELAY))
        return parser

    def _slow_to(self, origin: str, seconds: float) -> None:
        rate = self._crawler.get_extension(RateExtension)
        if rate and seconds > 0:
            logger.info("%s/robots.txt asks for %g s between requests.", origin, seconds)
            rate.slow_to(origin, seconds)

    def _end_crawl(self, url: str, reason: str) -> None:
        """Without the rules of our own two hosts there is nothing left to do; another host is only left out."""
        if _origin(url) in self._ours:
            # Scheduled and not awaited: closing waits for the request that asks for it.
            self._closing = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason=reason))


def unread_reason(failure: UnusableAnswer) -> str:
    """The close reason when robots.txt of our own hosts cannot be read: the guard that refuses it refuses us."""
    return "blocked" if failure.kind == "blocked" else "robots_unreachable"


def _look_at(done: asyncio.Future[RobotParser | None]) -> None:
    """Those who asked may be gone, at the end of a crawl: asyncio would write its error into the log."""
    if not done.cancelled():
        done.exception()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    default_port = ":443" if parts.scheme == "https" else ":80"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower().removesuffix(default_port)}"


def _bounded(body: bytes) -> bytes:
    """The first 500 KiB, up to the end of a line: half a rule would be another rule."""
    return body if len(body) <= MAX_BYTES else body[: body.rfind(b"\n", 0, MAX_BYTES) + 1]
