"""Names to addresses (TWISTED_DNS_RESOLVER): a name that leads to an address which is not public is refused.

The connection is made to the very address that was judged here, so that a name cannot mean another one in between.
Hosts that the settings name, and proxies of the environment, may be anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError

from n8n_scraper.politeness.outside import is_public
from n8n_scraper.project import load_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred
    from typing_extensions import Self

MAX_REFUSED = 10_000


class PublicResolver(CachingThreadedResolver):
    refused: ClassVar[set[str]] = set()
    """Names that were refused: Twisted hands on nothing but that there is no address."""

    inner_hosts: frozenset[str] = frozenset()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        resolver = super().from_crawler(crawler, reactor)
        proxies = {urlsplit(address).hostname or "" for address in getproxies().values()}
        resolver.inner_hosts = load_config(crawler.settings).named_hosts | proxies
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802 - Twisted's name
        found: Deferred[str] = super().getHostByName(name, timeout)
        return found if name in self.inner_hosts else found.addCallback(self._judged, name)

    def _judged(self, address: Any, name: str) -> Any:
        if is_public(address):
            return address
        if len(self.refused) < MAX_REFUSED:
            self.refused.add(name)
        raise DNSLookupError(f"{name} is not public")
