"""Which gate an address passes: one for the two n8n hosts, one for every other host."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from n8n_scraper.politeness.gate import Gate
from n8n_scraper.politeness.outside import DEFAULT_PORTS
from n8n_scraper.politeness.pace import Pace
from n8n_scraper.politeness.reservation import LocalReservations, Reservations
from n8n_scraper.setting_rules import YOUTUBE_URL, is_loopback
from n8n_scraper.site.addresses import Site
from n8n_scraper.store.rate import StoredReservations

if TYPE_CHECKING:
    from n8n_scraper.config import Config
    from n8n_scraper.politeness.breaker import CircuitBreaker
    from n8n_scraper.store.thread import StoreThread


class Gates:
    """With a store, its rows are the gates of all its processes. ``delay`` is DOWNLOAD_DELAY, in seconds."""

    def __init__(self, config: Config, delay: float, store: StoreThread | None, breaker: CircuitBreaker) -> None:
        self._config = config
        self._delay = delay
        self._store = store
        self._site = Site(config.site_url, config.api_url)
        self._others: dict[str, Gate] = {}
        self.common = Gate(
            self._reservations(config.site_host, config.requests_per_second, config.burst), breaker=breaker
        )

    def of(self, url: str) -> Gate:
        return self.common if self._site.is_ours(url) else self.outside(url)

    def outside(self, url: str) -> Gate:
        """The gate of that host at the rate of YouTube or of images, whosever host it is."""
        host = _host(url)
        if host not in self._others:
            config = self._config
            is_youtube = host == _host(YOUTUBE_URL)
            promise = config.transcript_requests_per_second if is_youtube else config.media_requests_per_second
            self._others[host] = Gate(self._reservations(host, promise), may_be_held=is_youtube)
            if self.common.closed:
                self._others[host].close()
        return self._others[host]

    def time_factor(self, url: str) -> float:
        """TIME_FACTOR is for loopback; an image may lie elsewhere."""
        return self._config.time_factor if is_loopback(urlsplit(url).hostname or "") else 1.0

    def close(self) -> None:
        for gate in (self.common, *self._others.values()):
            gate.close()

    def _reservations(self, host: str, promise: float, burst: int = 1) -> Reservations | None:
        """The slower of the promise and DOWNLOAD_DELAY; None where no limit is set."""
        if not promise:
            return None
        if self._delay:
            promise = min(promise, 1 / self._delay)
        if self._store:
            return StoredReservations(self._store, host, promise, burst, self._config.egress)
        return LocalReservations(Pace(promise), burst)


def _host(url: str) -> str:
    """Host, and port where it is not the usual one: what a rate is promised to."""
    parts = urlsplit(url)
    usual = parts.port in {None, DEFAULT_PORTS.get(parts.scheme)}
    return (parts.hostname or "") if usual else f"{parts.hostname}:{parts.port}"
