"""Holds what all requests of a crawl share: the rate gates and the circuit breaker. Who sends asks :meth:`admit`."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import psycopg2
from scrapy import signals

from n8n_scraper import stats
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.extensions.gates import Gates
from n8n_scraper.politeness.backoff import PUT_OFF_SECONDS
from n8n_scraper.politeness.breaker import CircuitBreaker, Id, State
from n8n_scraper.politeness.gate import GateClosed
from n8n_scraper.politeness.meter import Meter
from n8n_scraper.project import load_config

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.config import Config
    from n8n_scraper.store.thread import StoreThread

logger = logging.getLogger(__name__)
WATCH_SECONDS = 0.2
PROBE_SECONDS = 90.0
"""For an answer to a probe, its timeout included."""
GRACE = 10.0
"""Seconds after a probe was due until others may ask."""


class RateExtension:
    """An image that lies on one of the two hosts passes two gates: its host's at the rate of images, and the common."""

    def __init__(self, crawler: Crawler, config: Config, store: StoreThread | None) -> None:
        self._crawler = crawler
        self._config = config
        delay = crawler.settings.getfloat("DOWNLOAD_DELAY")
        self._store = store
        self._meter = Meter()
        self.sent: WeakSet[Request] = WeakSet()
        """Requests that got their turn; the download handler adds them."""
        self._told_pace = min(config.requests_per_second, 1 / delay if delay else math.inf)
        self._watcher: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._control: asyncio.Future[Any] | None = None
        self._ended = asyncio.Event()
        self.control_count = 0
        """Controls sent, see politeness/breaker.py."""
        self.breaker = CircuitBreaker(
            config.breaker_threshold,
            config.breaker_cooldown,
            config.breaker_give_up,
            time.monotonic,
            self._changed,
            config.time_factor,
        )
        self._gates = Gates(config, delay, store, self.breaker)
        self.gate = self._gates.common

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        session = getattr(crawler.spider, "session", None)
        extension = cls(crawler, load_config(crawler.settings), session.new_thread() if session else None)
        crawler.signals.connect(extension._spider_opened, signals.spider_opened)
        crawler.signals.connect(extension._spider_closed, signals.spider_closed)
        return extension

    @property
    def waiting(self) -> int:
        """Requests to the two hosts that the engine has and that are not sent: in Scrapy's slots or at the gate.

        Whoever hands out work by priority waits until there are none. Always 0 where no limit is set; without those
        that an open breaker holds back for having failed, so that another id can come and be the probe.
        """
        if self.gate.is_unlimited:
            return 0
        return sum(map(self._is_waiting, self._crawler.engine.downloader.active))

    def _is_waiting(self, request: Request) -> bool:
        if request in self.sent or request.meta.get("outside"):
            return False
        return not self.breaker.holds_back(breaker_id(request))

    async def admit(self, url: str, priority: int = 0, id: Id = None, *, outside: bool = False) -> float:
        """Wait until a request to this address may be sent, right now and once; returns the seconds waited.

        Raises:
            GateClosed: the crawl is ending, it must not be sent.
        """
        gate = self._gates.of(url)
        if outside and gate is self.gate:
            await self._gates.outside(url).acquire(priority)
        waited = await gate.acquire(priority, id)
        if gate is self.gate:
            self._crawler.stats.inc_value(stats.RATE_REQUEST_COUNT)
            self._crawler.stats.max_value(stats.RATE_MOST_IN_10_SECONDS, self._meter.count(time.monotonic()))
            self._add(stats.RATE_WAIT_SECONDS, waited)
            self._note_pace()
        return waited

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the crawl goes on.

        Raises:
            GateClosed: the crawl is ending.
        """
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except asyncio.TimeoutError:
            return
        raise GateClosed

    async def back_off(self, seconds: float, url: str) -> None:
        """Wait before this address is asked again.

        Raises:
            GateClosed: the crawl is ending.
        """
        await self.pause(seconds / self._gates.time_factor(url))

    async def answered(self, url: str, status: int, sent_at: float, wait: float = 0.0) -> None:
        """What a request sent at that moment (``time.monotonic()``) got: a 429 slows all down, and may hold them."""
        gate = self._gates.of(url)
        if status == 429:
            await gate.slow_down(sent_at, hold=min(wait, PUT_OFF_SECONDS))
            if gate is self.gate:
                self._crawler.stats.inc_value(stats.RATE_LIMITED_COUNT)
                self._note_pace()
        elif status < 400 or status in {404, 410}:
            gate.answered_cleanly()

    def slow_to(self, url: str, seconds: float) -> None:
        """The host of this address wants that much time between requests (Crawl-delay); the slower wins."""
        self._gates.of(url).slow_to(self._gates.time_factor(url) / seconds)

    def _add(self, name: str, seconds: float) -> None:
        self._crawler.stats.inc_value(name, seconds)  # type: ignore[arg-type]  # declared for int, adds any number

    def _note_pace(self) -> None:
        if self.gate.pace:
            self._crawler.stats.set_value(stats.RATE_IN_FORCE, self.gate.pace.per_second)
            self._crawler.stats.min_value(stats.RATE_LOWEST, self.gate.pace.per_second)
            self._tell_pace(self.gate.pace.per_second)

    def _tell_pace(self, per_second: float) -> None:
        """A slower rate is told when it comes into force, here or by another process, and when it is over."""
        if per_second < self._told_pace:
            logger.warning("The rate is %g requests a second now: the site answered 429, or asks for it.", per_second)
            self._told_pace = per_second
        elif per_second >= self._config.requests_per_second > self._told_pace:
            logger.info("The rate is %g requests a second again.", per_second)
            self._told_pace = per_second

    def _changed(self, state: State, reason: str) -> None:
        logger.log(logging.WARNING if state == "open" else logging.INFO, "Circuit breaker %s: %s", state, reason)
        self.breaker.has_control = self._control_request() is not None
        self._crawler.stats.set_value(stats.BREAKER_STATE, state)
        self._crawler.stats.inc_value(stats.BREAKER_CHANGE_COUNT.format(state))
        self.gate.wake()
        if not self.gate.closed:
            self._telling = asyncio.ensure_future(self._tell_others(state))

    async def _tell_others(self, state: State) -> None:
        """While our breaker is not closed, we alone ask the site; that we died, others notice a little later."""
        seconds = {"closed": 0.0, "half_open": PROBE_SECONDS}.get(state, self.breaker.seconds_until_probe() + GRACE)
        try:
            await self.gate.shut(seconds)
        except (StoreUnavailable, psycopg2.Error) as error:
            logger.warning("Other crawls were not told (%s).", type(error).__name__)

    def _spider_opened(self) -> None:
        self._crawler.stats.set_value(stats.BREAKER_STATE, self.breaker.state)
        self._watcher = asyncio.ensure_future(self._watch())

    def _spider_closed(self) -> None:
        for task in (self._watcher, self._telling):
            if task:
                task.cancel()
        self._close_gates()
        if self._store:
            self._store.close()

    async def _watch(self) -> None:
        """Time passes: a probe falls due, the breaker gives up, the crawl ends (Scrapy has no signal for that)."""
        seconds = WATCH_SECONDS / self._config.time_factor
        while True:
            await asyncio.sleep(seconds)
            if self._is_ending():
                self._close_gates()
                self._let_scraper_close()
            elif reason := self.breaker.gave_up:
                self._give_up(reason)
            elif self.breaker.state != "closed":
                self._add(stats.BREAKER_OPEN_SECONDS, seconds)
                self.gate.wake()
                self._send_control()

    def _let_scraper_close(self) -> None:
        """Scrapy 2.19 looks only after a response whether the last item is through; items of start() have none."""
        scraper = self._crawler.engine.scraper
        slot = scraper.slot
        if slot is not None and slot.closing is not None and not slot.closing.called:
            scraper._check_if_closing()

    def _control_request(self) -> Request | None:
        """What was answered well before, as the spider knows it."""
        spider: Any = self._crawler.spider
        request: Request | None = spider.control_request() if hasattr(spider, "control_request") else None
        return request

    def _send_control(self) -> None:
        is_on_its_way = self._control is not None and not self._control.done()
        if self.breaker.wants_control and not is_on_its_way and (request := self._control_request()):
            self.control_count += 1
            logger.info("Asking once more for what answered well before, to tell the site from its workflows.")
            asked = self._crawler.engine.download_async(request)
            self._control = asyncio.gather(asked, return_exceptions=True)  # the breaker is told on the way

    def _is_ending(self) -> bool:
        slot = self._crawler.engine._slot  # private, and the only place where it is told that a close began
        return slot is None or slot.closing is not None

    def _give_up(self, reason: str) -> None:
        logger.error("The site did not recover in %.0f s: the crawl ends (%s).", self.breaker.open_seconds(), reason)
        # Scheduled and not awaited: closing waits for requests that this task sends home.
        self._closing = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason=reason))

    def _close_gates(self) -> None:
        self._ended.set()
        self._gates.close()
        for slot in self._crawler.engine.downloader.slots.values():
            slot.delay = 0.0  # what Scrapy still holds back goes out no more: it need not take its time


def breaker_id(request: Request) -> Id:
    """What the circuit breaker takes for the origin of a request: the workflow it belongs to, else its address; of a
    control nobody, so that it is never held back for having failed.
    """
    visit = request.meta.get("visit")
    origin: Id = visit.id if visit else request.meta.get("breaker_id", request.url)
    return origin
