"""What a crawl does with answers that lack what answers always had."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from scrapy.settings import Settings
from scrapy.statscollectors import StatsCollector

from n8n_scraper import stats
from n8n_scraper.config import Config
from n8n_scraper.drift import LEAST_ANSWERS, WINDOW, Tally
from n8n_scraper.items import WorkflowItem
from n8n_scraper.site.detail import EditorFacts
from n8n_scraper.spiders.structure import StructureWatch
from n8n_scraper.visit import Visit, Wanted

USUAL = {("editor", "is_paid"): Tally(LEAST_ANSWERS, 0)}


class Spider:
    """What the watch needs of one."""

    def __init__(self, checks: str = "") -> None:
        collector = StatsCollector(cast("Any", SimpleNamespace(settings=Settings())))
        self.crawler = SimpleNamespace(stats=collector)
        self.config = Config(checks=checks)
        self.stopped: list[str] = []

    def stop(self, reason: str) -> None:
        self.stopped.append(reason)


def take(watch: StructureWatch, id: int, is_there: bool) -> list[int]:
    """Ids of the rows that may be stored after an answer that has what answers always had, or has it not."""
    visit = Visit(id=id, wanted=Wanted(layers=(1,)))
    visit.take("editor", EditorFacts(True if is_there else None, None, None, None))
    return [row.id for row in watch.sift(visit, WorkflowItem(id=id))]


def test_a_gap_of_one_workflow_waits_for_the_next_answer_and_stops_nothing() -> None:
    spider = Spider()
    watch = StructureWatch(cast("Any", spider), USUAL)
    assert spider.crawler.stats.get_value(stats.DRIFT_COUNT) == 0, "a check without its stat cannot be judged"
    assert (take(watch, 1, True), take(watch, 2, False), watch.held_count) == ([1], [], 1)
    assert (take(watch, 3, True), watch.held_count) == ([2, 3], 0)
    found = spider.crawler.stats.get_value
    assert found(stats.FIELD_THERE_COUNT.format("editor", "is_paid")) == 2
    assert found(stats.FIELD_MISSING_COUNT.format("editor", "is_paid")) == 1
    assert spider.stopped == []


def test_a_row_of_gaps_stops_the_crawl_and_nothing_with_the_hole_is_stored(caplog: pytest.LogCaptureFixture) -> None:
    spider = Spider()
    watch = StructureWatch(cast("Any", spider), USUAL)
    assert [take(watch, id, False) for id in range(1, WINDOW + 2)] == [[]] * (WINDOW + 1)
    assert take(watch, 99, True) == [99], "what has no hole is still stored"
    found = spider.crawler.stats.get_value
    assert (found(stats.DRIFT_COUNT), found(stats.DRIFT_FIELDS)) == (1, "editor/is_paid")
    assert (found(stats.DRIFT_WITHHELD_COUNT), found(stats.DRIFT_WITHHELD_IDS)) == (11, "1,2,3,4,5,6,7,8,9,10,11")
    assert set(spider.stopped) == {"structure_drift"}
    [said] = caplog.messages
    assert (
        f"was there in {LEAST_ANSWERS} of {LEAST_ANSWERS} and is missing in the last 10 (workflows 1, 2, 3, 4, 5 …)"
        in said
    )


def test_what_is_held_at_the_end_is_settled() -> None:
    spider = Spider()
    watch = StructureWatch(cast("Any", spider), USUAL)
    assert take(watch, 1, False) == []
    assert [row.id for row in watch.settle()] == [1]


def test_turned_off_it_only_counts() -> None:
    spider = Spider("structure=off")
    watch = StructureWatch(cast("Any", spider), USUAL)
    assert [take(watch, id, False) for id in range(1, WINDOW + 1)] == [[id] for id in range(1, WINDOW + 1)]
    assert spider.stopped == []
    assert spider.crawler.stats.get_value(stats.FIELD_MISSING_COUNT.format("editor", "is_paid")) == WINDOW
