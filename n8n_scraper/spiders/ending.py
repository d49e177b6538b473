"""How a crawl that has nothing left to ask ends: shut out, with something put off, judged by its checks, finished."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import psycopg2

from n8n_scraper import stats
from n8n_scraper.checks import judge, read_checks, shares
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.store.faults import stop_reason
from n8n_scraper.store.listings import share_with_row
from n8n_scraper.store.run_workflows import count_gone

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
    try:
        await _compare_with_sitemap(spider)
    except (StoreUnavailable, psycopg2.Error) as error:
        logger.error("The checks cannot be judged: %s", str(error).split("\n", 1)[0])
        spider.stop(stop_reason(error))
        return []
    for name, share in shares(counts.get_stats()).items():
        counts.set_value(name, share)
    judged = [judge(check, counts.get_stats()) for check in read_checks(spider.config.checks)]
    failed = [one for one in judged if one.verdict == "failed"]
    if failed:
        logger.error("%d of %d checks failed: %s.", len(failed), len(judged), "; ".join(f.sentence() for f in failed))
    counts.set_value(stats.FAILED_CHECKS, ", ".join(one.check.name for one in failed))
    return [one.check.name for one in failed]


async def _compare_with_sitemap(spider: WorkflowsSpider) -> None:
    """What of the sitemap has a row, and what is gone though it should be there."""
    counts, prepared = spider.crawler.stats, spider.prepared
    assert prepared is not None
    if counts.get_value(stats.SITEMAP_COUNT):
        continued = spider.job.id if spider.job and spider.job.is_prepared else None
        share = await spider.session.run(partial(share_with_row, continued_job=continued))
        counts.set_value(stats.SITEMAP_SHARE, share)
    await _count_gone(spider, prepared.addresses if prepared.saw_sitemap else None)


async def _count_gone(spider: WorkflowsSpider, listed: Mapping[int, str] | None) -> None:
    """``listed`` None: no sitemap was read, and nothing but their number speaks against workflows that are gone."""
    counts = spider.crawler.stats
    told = await spider.session.run(partial(count_gone, run_id=spider.run_id, among=listed))
    counts.set_value(stats.LISTED_COUNT, 0 if listed is None else told.asked)
    counts.set_value(stats.UNLISTED_COUNT, told.asked if listed is None else 0)
    if told.share is not None:
        counts.set_value(stats.UNLISTED_GONE_SHARE if listed is None else stats.GONE_SHARE, told.share)
    if listed is None and told.gone:
        logger.warning(
            "%d of %d workflows are gone, and no sitemap was read that tells whether they should be there.",
            told.gone,
            told.asked,
        )
