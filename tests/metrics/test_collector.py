"""Stats and metrics agree, operation by operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scrapy import Spider
from scrapy.utils.test import get_crawler

from n8n_scraper.metrics.collector import StatsCollector

Steps = Callable[[StatsCollector], None]


def collector() -> StatsCollector:
    settings = {"STATS_CLASS": "n8n_scraper.metrics.collector.StatsCollector"}
    stats = get_crawler(Spider, settings).stats
    assert isinstance(stats, StatsCollector)
    return stats


def twice(stat: str) -> Steps:
    def act(stats: StatsCollector) -> None:
        stats.inc_value(stat)
        stats.inc_value(stat, 2)

    return act


def lowest(stats: StatsCollector) -> None:
    for rate in (2.0, 0.5, 1.0):
        stats.min_value("rate/lowest_per_second", rate)


@pytest.mark.parametrize(
    ("steps", "stat", "series", "labels", "value"),
    [
        (twice("store/batch_count"), "store/batch_count", "n8n_scraper_store_batch_total", {}, 3),
        (
            twice("answer/server_count"),
            "answer/server_count",
            "n8n_scraper_answer_total",
            {"kind": "server"},
            3,
        ),
        (
            lambda stats: stats.set_value("rate/per_second", 1.5),
            "rate/per_second",
            "n8n_scraper_rate_per_second",
            {},
            1.5,
        ),
        (lowest, "rate/lowest_per_second", "n8n_scraper_rate_lowest_per_second", {}, 0.5),
        (
            lambda stats: [stats.max_value("memusage/max", size) for size in (10, 30, 20)],
            "memusage/max",
            "n8n_scraper_scrapy_memusage_max",
            {},
            30,
        ),
    ],
)
def test_a_metric_follows_its_stat(steps: Steps, stat: str, series: str, labels: dict[str, str], value: float) -> None:
    stats = collector()
    steps(stats)
    assert stats.registry.get_sample_value(series, labels) == stats.get_value(stat) == value


def test_what_did_not_happen_yet_is_0() -> None:
    assert collector().registry.get_sample_value("n8n_scraper_answer_total", {"kind": "blocked"}) == 0


@pytest.mark.parametrize(
    ("stat", "value"),
    [("run/run_id", "20261123T061500Z-3f2a"), ("breaker/state", "open"), ("elapsed_time_seconds", 3.0)],
)
def test_texts_and_other_stats_are_stats_only(stat: str, value: Any) -> None:
    stats = collector()
    before = list(stats.registry.collect())
    stats.set_value(stat, value)
    assert stats.get_value(stat) == value
    assert list(stats.registry.collect()) == before


def test_a_stat_that_was_counted_and_is_set_stays_the_counter_it_was() -> None:
    stats = collector()
    stats.inc_value("store/batch_count")
    stats.set_value("store/batch_count", 7)
    assert stats.registry.get_sample_value("n8n_scraper_store_batch_total") == 1
    assert stats.get_value("store/batch_count") == 7
