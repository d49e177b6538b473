"""The requests of one workflow, and what their answers make: more requests, or its row."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from n8n_scraper import stats
from n8n_scraper.downloader import NotSent
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.middlewares.retry import RetryLater
from n8n_scraper.middlewares.robots import Disallowed
from n8n_scraper.site.answers import judge_exception
from n8n_scraper.spiders.requests import control_request, workflow_request
from n8n_scraper.store.faults import close_reason
from n8n_scraper.visit import Source, Visit

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from n8n_scraper.frontier import Pending
    from n8n_scraper.items import WorkflowItem
    from n8n_scraper.spiders.prepared import Prepared
    from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)


class Visits:
    """All visits of one run."""

    def __init__(self, spider: WorkflowsSpider, prepared: Prepared) -> None:
        self._spider = spider
        self._prepared = prepared
        self._stats = spider.crawler.stats
        self._good_id = prepared.good_id
        self._wants_price = bool({1, 2} & set(spider.arguments.layers))

    def control_request(self) -> Request | None:
        """Asks again for a workflow that was answered well, now or in an earlier run; None where none was."""
        if self._good_id is None:
            return None
        visit = Visit(id=self._good_id, wanted=self._prepared.wanted(self._good_id))
        return control_request(self._spider.site, visit, visit.primary)

    def leave_out(self, ids: frozenset[int]) -> None:
        if self._good_id in ids:
            self._good_id = None

    def begin(self, entry: Pending) -> Iterator[Request]:
        visit = Visit(id=entry.id, wanted=self._prepared.wanted(entry.id), request_count=entry.request_count)
        visit.attempts[visit.primary] = entry.attempt_count
        self._spider.worklist.begin(visit)
        yield self.request(visit, visit.primary)
        if visit.primary == "detail" and self._prepared.plan.page and visit.wanted.address:
            yield self.request(visit, "page")

    def request(self, visit: Visit, source: Source) -> Request:
        visit.open.add(source)
        return workflow_request(self._spider.site, visit, source, callback=self._answered, errback=self._failed)

    def _answered(self, response: Response) -> Iterator[WorkflowItem | Request]:
        """A usable answer, already read by the retry middleware."""
        began = time.perf_counter()
        visit, source = response.meta["visit"], response.meta["source"]
        visit.take(source, response.meta["answer"], response.text if source == "page" else None)
        if source == visit.primary:
            self._good_id = visit.id
        if getattr(response.meta["answer"], "repaired", False):
            self._stats.inc_value(stats.REPAIR_COUNT)
        visit.service_seconds += response.meta.pop("service_seconds", 0.0)
        yield from self._go_on(visit, began)

    def _failed(self, failure: Failure) -> Iterator[WorkflowItem | Request]:
        """No usable answer, and no retry left; or the request waits for its retry, or was not sent at all."""
        error = failure.value
        assert error is not None
        if isinstance(error, (RetryLater, NotSent)):
            return
        if reason := close_reason(error):
            self._spider.stop(reason)
            return
        request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        visit: Visit = request.meta["visit"]
        if isinstance(error, Disallowed):
            visit.disallow(request.meta["source"])
            yield from self._go_on(visit, time.perf_counter())
            return
        unusable = error if isinstance(error, UnusableAnswer) else judge_exception(error)
        if unusable is None:
            logger.error("Our own fault at %s", request.url, exc_info=error)
            unusable = UnusableAnswer("internal", f"{type(error).__name__} while the answer was read")
        visit.fail(request.meta["source"], unusable)
        yield from self._go_on(visit, time.perf_counter())

    def _go_on(self, visit: Visit, began: float) -> Iterator[WorkflowItem | Request]:
        if visit.lacks_price() and "editor" not in visit.failures and not visit.open and self._wants_price:
            yield self.request(visit, "editor")
        elif not visit.open:
            item = visit.row(self._spider.run_id)
            for name in visit.mismatches:
                self._stats.inc_value(stats.MISMATCH_COUNT.format(name))
            for reason, count in visit.rejected.items():
                self._stats.inc_value(stats.REJECTED_COUNT.format(reason), count)
            item.service_seconds = round((item.service_seconds or 0) + time.perf_counter() - began, 6)
            yield from self._spider.structure.sift(visit, item)
        self._spider.wake()
