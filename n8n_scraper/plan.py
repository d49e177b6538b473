"""Which requests a crawl asks for: the cheapest set that answers the layers asked for. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil
from typing import Literal

LISTING_ROWS = 100
ROBOTS_REQUESTS = 2
SITEMAP_REQUESTS = 2
"""Index and the one file behind it."""
USUAL_LIBRARY_SIZE = 13_100
"""Taken for the cost of the listing where no sitemap could be read (October 2026)."""

Price = Literal["listing", "page", "editor", "none"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked for each workflow, and once for all of them."""

    ids: int
    detail: bool
    """One API answer per workflow: layers 1, 2 and 3."""
    page: bool
    """One page per workflow: price and address; layers 1 and 3 where the API is closed."""
    price: Price
    listing_pages: int
    sitemap_requests: int
    robots_requests: int = ROBOTS_REQUESTS
    stored: int = 0
    """Workflows of which the store has the row: only ``stages`` are left of them."""
    stages: tuple[str, ...] = ()

    @property
    def requests(self) -> int:
        """Estimate of all requests to the site, without retries; what the stages ask others for is not known before."""
        per_workflow = self.detail + self.page + (self.price == "editor")
        return self.robots_requests + self.sitemap_requests + self.listing_pages + self.ids * per_workflow

    def sentence(self, rate: float) -> str:
        """The plan in one line, for the start of the log and for ``dry_run``."""
        if not self.requests:
            return f"Nothing is asked of the site.{self._stages_sentence()}"
        per_workflow = [name for name, on in (("API answer", self.detail), ("page", self.page)) if on]
        if self.price == "editor":
            per_workflow.append("editor answer (price)")
        time = f", about {_duration(self.requests / rate)} at {rate:g} requests a second" if rate else ""
        each = f"{' + '.join(per_workflow) or 'nothing'} for each, " if self.ids else ""
        return (
            f"{self.ids} workflows due: {each}once {self._once()}; "
            f"{self.requests} requests without retries{time}.{self._stages_sentence()}"
        )

    def _once(self) -> str:
        parts = {
            "robots.txt": self.robots_requests,
            "sitemap (addresses)": self.sitemap_requests,
            f"listing ({'prices' if self.price == 'listing' else 'changes'})": self.listing_pages,
        }
        return " + ".join(f"{count} {what}" for what, count in parts.items() if count) or "nothing"

    def _stages_sentence(self) -> str:
        if not self.stages:
            return ""
        counts = {"due": self.ids, "in the store": self.stored}
        whose = " and ".join(f"{count} {where}" for where, count in counts.items() if count) or "0"
        return f" Layers {' and '.join(self.stages)} of {whose}: other hosts are asked, each at its own rate."


def make_plan(
    *,
    ids: int,
    layers: Collection[int],
    page: str,
    api_open: bool,
    library_size: int | None,
    sitemap_requests: int,
    reads_listing: bool = False,
) -> Plan:
    """Pick the cheapest sources; what is read anyway (``reads_listing``) costs no more.

    The price is needed with layer 1, and with layer 2 too: a JSON is published only when it is known to be free.
    """
    listing_pages = ceil((library_size or USUAL_LIBRARY_SIZE) / LISTING_ROWS)
    price = _price_source(ids, layers, page, api_open, 0 if reads_listing else listing_pages)
    return Plan(
        ids=ids,
        detail=api_open and ids > 0,
        page=ids > 0 and (price == "page" or page == "yes" or (not api_open and page != "no")),
        price=price,
        listing_pages=listing_pages if price == "listing" or reads_listing else 0,
        sitemap_requests=sitemap_requests,
    )


def _price_source(ids: int, layers: Collection[int], page: str, api_open: bool, listing_pages: int) -> Price:
    if not ids or not set(layers) & {1, 2}:
        return "none"
    if not api_open:
        return "none" if page == "no" else "page"
    if page == "yes":
        return "page"
    if listing_pages < ids:
        return "listing"
    return "page" if page == "auto" else "editor"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
