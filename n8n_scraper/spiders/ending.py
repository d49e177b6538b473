"""How a crawl that has nothing left to ask ends: shut out, with something put off, judged by its checks, finished."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import psycopg2

from n8n_scraper import stats
from n8n_scraper.checks import judge, read_checks, shares
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.store.faults import close_reason as store_close_reason
from n8n_scraper.store.listings import share_with_row

if TYPE_CHECKING:
    from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)


async def close_reason(spider: WorkflowsSpider) -> str | None:
    """Why the crawl did not simply finish; None when it did."""
    failed = await _failed_checks(spider)
    if await _is_shut_out(spider):
        return "blocked"
    if spider.worklist.put_off:
        logger.warning(
            "%d workflows are left to a later run, because the site asked for a long wait: give the same command"
            " again after %s.",
            len(spider.worklist.put_off),
            f"{max(spider.worklist.put_off):%Y-%m-%d %H:%M} UTC",
        )
        return "put_off"
    return "check_failed" if failed else None


async def _is_shut_out(spider: WorkflowsSpider) -> bool:
    """Whether the site refused the last that was asked for, and then also what it gave before."""
    rate = spider.crawler.get_extension(RateExtension)
    if rate is None:
        return False
    before, breaker = rate.control_count, rate.breaker
    while breaker.is_shut_out and breaker.has_control:
        if rate.control_count > before and breaker.state == "open":  # it was sent, and refused
            break
        await spider.nap()
    return breaker.is_shut_out


async def _failed_checks(spider: WorkflowsSpider) -> list[str]:
    """Judge the declared checks on the stats as they are; names of those that failed."""
    counts = spider.crawler.stats
    if counts.get_value(stats.SITEMAP_COUNT):
        try:
            continued = spider.job.id if spider.job and spider.job.is_prepared else None
            share = await spider.session.run(partial(share_with_row, continued_job=continued))
            counts.set_value(stats.SITEMAP_SHARE, share)
        except (StoreUnavailable, psycopg2.Error) as error:
            spider.stop(store_close_reason(error) or "store_unavailable")
            return []
    for name, share in shares(counts.get_stats()).items():
        counts.set_value(name, share)
    judged = [judge(check, counts.get_stats()) for check in read_checks(spider.config.checks)]
    failed = [one for one in judged if one.verdict == "failed"]
    if failed:
        logger.error("%d of %d checks failed: %s.", len(failed), len(judged), "; ".join(f.sentence() for f in failed))
    counts.set_value(stats.FAILED_CHECKS, ", ".join(one.check.name for one in failed))
    return [one.check.name for one in failed]
