"""The share of columns that must have a value and do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager
from scrapy.statscollectors import StatsCollector

from n8n_scraper.extensions.completeness import Completeness
from n8n_scraper.items import WorkflowItem
from n8n_scraper.signals import row_stored


@pytest.mark.parametrize(("rows", "missing", "share"), [(3, 1, 0.666667), (100, 7, 0.93), (5, 0, 1.0), (2, 2, 0.0)])
def test_a_share_meets_the_threshold_that_is_written_like_it(rows: int, missing: int, share: float) -> None:
    """1 - 7 / 100 is a little under 0.93."""
    crawler = SimpleNamespace(signals=SignalManager())
    crawler.stats = StatsCollector(cast("Any", SimpleNamespace(settings=Settings())))
    extension = Completeness.from_crawler(cast("Any", crawler))
    for id in range(rows):
        name = None if id < missing else "Mail"
        item = WorkflowItem(
            id=id, source="api", name=name, layer1_status="ok", layer2_status="skipped", layer3_status="skipped"
        )
        crawler.signals.send_catch_log(row_stored, item=item)
    assert crawler.stats.get_value("completeness/name") == share
    assert crawler.stats.get_value("column/row_count") == rows
    assert extension is not None
