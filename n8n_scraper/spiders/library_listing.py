"""The listing of the whole library, 100 workflows a request: prices, and what it tells otherwise than before."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import CloseSpider

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.plan import LISTING_ROWS
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.listing import Listing
from n8n_scraper.spiders.requests import listing_request
from n8n_scraper.store import jobs, listings
from n8n_scraper.store.session import Session

if TYPE_CHECKING:
    from scrapy import Request

logger = logging.getLogger(__name__)


async def read_listing(
    fetch: Callable[[Request], Awaitable[Any]], site: Site, session: Session, job_id: int, *, changes: bool
) -> int:
    """Read it into the store, page by page; the number of pages that could not be read.

    Such a page leaves no hole in prices, which are asked for one by one. With ``changes`` the listing is read for its
    own sake: views and prices of workflows that are not asked for get into their history too, and what such a page
    has is found by the next such crawl.

    Raises:
        CloseSpider: nothing tells what changed.
    """
    page, total, unread = 0, 1, 0
    while page * LISTING_ROWS < total:
        page += 1
        try:
            listing: Listing = await fetch(listing_request(site, page))
        except UnusableAnswer as failure:
            unread += 1
            if changes and total == 1:
                logger.error("The listing cannot be read (%s), so it is unknown what changed. Try later.", failure)
                raise CloseSpider("blocked" if failure.kind == "blocked" else "listing_unavailable") from None
            what = "what changed on it stays unknown" if changes else "its prices are asked one by one"
            logger.warning("Listing page %d cannot be read (%s); %s.", page, failure, what)
            if total == 1:
                return unread
            continue
        total = listing.total
        add = partial(listings.add_listing, entries=listing.entries, now=datetime.now(timezone.utc), observe=changes)
        await session.run(add)
    if not unread:
        await session.run(partial(jobs.note_prices_read, job_id=job_id))
    return unread
