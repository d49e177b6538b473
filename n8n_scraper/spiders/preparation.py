"""Before the first workflow: robots.txt, sitemap, what is due, the plan, prices."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING

import psycopg2
from scrapy.exceptions import CloseSpider

from n8n_scraper import stats
from n8n_scraper.downloader import NotSent
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.frontier import Pending
from n8n_scraper.plan import ROBOTS_REQUESTS, SITEMAP_REQUESTS, Plan, make_plan
from n8n_scraper.politeness.backoff import PUT_OFF_SECONDS
from n8n_scraper.politeness.gate import GateClosed
from n8n_scraper.spiders.library_listing import read_listing
from n8n_scraper.spiders.prepared import Prepared
from n8n_scraper.spiders.site_documents import SiteDocuments
from n8n_scraper.store import jobs, listings
from n8n_scraper.store.due import fix_ids, ids_without_site
from n8n_scraper.store.faults import close_reason
from n8n_scraper.store.field_tallies import read_tallies
from n8n_scraper.store.forgotten import forgotten_ids
from n8n_scraper.store.rows import read_good_id, read_stored_layers

if TYPE_CHECKING:
    from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)


class Preparation:
    """Runs once per run, in :meth:`WorkflowsSpider.start`; every request passes the same gate as all others."""

    def __init__(self, spider: WorkflowsSpider) -> None:
        self._spider = spider
        self._session = spider.session
        self._arguments = spider.arguments
        self._site = spider.site
        self._job = spider.job
        self._documents = SiteDocuments(spider)
        self._has_prices = self._job is not None and self._job.has_prices

    async def run(self) -> Prepared:
        """Raises:
        CloseSpider: with a documented reason, when the crawl cannot start now.
        """
        try:
            return await self._prepare()
        except (NotSent, GateClosed):
            raise CloseSpider("shutdown") from None  # a close has begun already, and its reason stays
        except (StoreUnavailable, psycopg2.Error) as error:
            reason = close_reason(error)
            if reason is None:
                raise
            logger.error("The crawl cannot begin: %s", error)
            raise CloseSpider(reason) from error

    async def _prepare(self) -> Prepared:
        self._spider.crawler.stats.set_value(stats.LISTING_UNREAD_COUNT, 0)
        self._spider.forgotten = await self._session.run(forgotten_ids)
        known = await self._session.run(partial(ids_without_site, job=self._job, arguments=self._arguments))
        if known is not None:
            return self._prepared(known, {}, asked_site=False)
        api_open, page = await self._documents.robots()
        if self._arguments.shard is not None:
            prepared = await self._prepare_shard(page=page, api_open=api_open)
        else:
            prepared = await self._prepare_job(page=page, api_open=api_open)
        ids = [entry.id for entry in prepared.pending]
        prepared.stored_layers = await self._session.run(partial(read_stored_layers, ids=ids))
        prepared.tallies = await self._session.run(read_tallies)
        prepared.good_id = await self._session.run(partial(read_good_id, besides=ids))
        if not self._arguments.dry_run and prepared.plan.price == "listing":
            await self._read_listing()
            prepared.prices = await self._session.run(partial(listings.read_prices, ids=ids))
        return prepared

    async def _prepare_job(self, *, page: str, api_open: bool) -> Prepared:
        addresses = await self._documents.sitemap()
        if reads_listing := self._asks_what_changed(api_open):
            await self._read_listing(changes=True)
        fix = partial(fix_ids, job=self._job, arguments=self._arguments, addresses=addresses, api_open=api_open)
        left = await self._session.run(fix)
        return self._prepared(left, addresses, page=page, api_open=api_open, reads_listing=reads_listing)

    async def _prepare_shard(self, *, page: str, api_open: bool) -> Prepared:
        """Of a job that was split: what the sitemap and the listing told its plan is in the store."""
        assert self._job is not None
        left = await self._session.run(partial(jobs.read_pending, job_id=self._job.id))
        read = partial(listings.read_addresses, ids=[entry.id for entry in left])
        addresses = await self._session.run(read)
        return self._prepared(left, addresses, page=page, api_open=api_open, reads_listing=self._has_prices)

    def _asks_what_changed(self, api_open: bool) -> bool:
        """Whether the listing is read before the ids are fixed, because it tells which workflows were edited."""
        is_fixed = self._job is not None and self._job.is_prepared
        if self._arguments.refresh != "changed" or is_fixed:
            return False
        if not api_open:
            logger.warning("robots.txt closes the listing, which tells what changed: only what is missing is due.")
        return api_open

    async def _read_listing(self, *, changes: bool = False) -> None:
        if self._job is not None and not self._has_prices:
            fetch, site, session = self._documents.fetch, self._site, self._session
            unread = await read_listing(fetch, site, session, self._job.id, changes=changes)
            if changes:
                self._spider.crawler.stats.set_value(stats.LISTING_UNREAD_COUNT, unread)
            self._has_prices = True

    def _prepared(
        self,
        left: list[jobs.JobId],
        addresses: dict[int, str],
        *,
        page: str = "no",
        api_open: bool = True,
        asked_site: bool = True,
        reads_listing: bool = False,
    ) -> Prepared:
        self._tell_found(addresses)
        latest = time.monotonic() + PUT_OFF_SECONDS / self._spider.config.time_factor
        stored = [entry.id for entry in left if entry.is_stored]
        waiting = [_pending(entry) for entry in left if not entry.is_stored]
        pending = [entry for entry in waiting if entry.due_at <= latest]
        plan = replace(
            self._site_plan(len(pending), addresses, page=page, api_open=api_open, reads_listing=reads_listing),
            robots_requests=ROBOTS_REQUESTS if asked_site and self._arguments.shard is None else 0,
            stored=len(stored),
            stages=self._arguments.stages,
        )
        return Prepared(
            site=self._site,
            pending=pending,
            stored=stored,
            plan=plan,
            sentence=plan.sentence(self._rate()),
            layers=self._arguments.needed_layers,
            api_open=api_open,
            put_off=[_moment(entry.due_at) for entry in waiting if entry.due_at > latest],
            asked_site=asked_site,
            saw_sitemap=bool(addresses),
            addresses=addresses,
        )

    def _site_plan(
        self, ids: int, addresses: dict[int, str], *, page: str, api_open: bool, reads_listing: bool
    ) -> Plan:
        """What the site is asked for these ids; a shard's sitemap and listing were read by the plan of its job."""
        is_shard = self._arguments.shard is not None
        plan = make_plan(
            ids=ids,
            layers=self._arguments.layers,
            page=page,
            api_open=api_open,
            library_size=None if is_shard else len(addresses) or None,
            sitemap_requests=SITEMAP_REQUESTS if addresses and not is_shard else 0,
            reads_listing=reads_listing,
        )
        return replace(plan, listing_pages=0) if is_shard and reads_listing else plan

    def _rate(self) -> float:
        """Requests a second in force: robots.txt, or earlier 429s, may have slowed the promise."""
        rate = self._spider.crawler.get_extension(RateExtension)
        pace = rate.gate.pace if rate else None
        return pace.per_second if pace else self._spider.config.requests_per_second

    def _tell_found(self, addresses: dict[int, str]) -> None:
        """How many the sitemap has, and what is left out: of the given ids it is named, of the sitemap counted."""
        is_whole = self._arguments.ids is None and self._arguments.limit is None and self._arguments.shard is None
        self._spider.crawler.stats.set_value(stats.SITEMAP_COUNT, len(addresses) if is_whole else 0)
        forgotten, given = self._spider.forgotten, self._arguments.ids
        left_out = sorted(forgotten.intersection(addresses if given is None else (ref.id for ref in given)))
        if left_out:
            self._spider.crawler.stats.set_value(stats.FORGOTTEN_COUNT, len(left_out))
        if left_out and given is not None:
            logger.warning("Taken down by scrapy forget, and not asked for: %s", ", ".join(map(str, left_out)))


def _pending(entry: jobs.JobId) -> Pending:
    wait = (entry.not_before - datetime.now(timezone.utc)).total_seconds() if entry.not_before else 0.0
    due_at = time.monotonic() + wait if wait > 0 else 0.0
    return Pending(entry.id, entry.attempt_count, entry.request_count, due_at)


def _moment(due_at: float) -> datetime:
    """A time of the frontier's clock in UTC."""
    return datetime.now(timezone.utc) + timedelta(seconds=due_at - time.monotonic())
