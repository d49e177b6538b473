from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from n8n_scraper import stats
from n8n_scraper.metrics import names
from n8n_scraper.metrics.names import METRICS

OPS = Path(__file__).parents[2] / "n8n_scraper" / "ops"


@pytest.mark.parametrize(
    ("stat", "name", "labels", "values"),
    [
        ("run/planned_count", "n8n_scraper_run_planned", (), ()),
        ("rate/wait_seconds", "n8n_scraper_rate_wait_seconds", (), ()),
        ("workflow/item_count/gone", "n8n_scraper_workflow_item", ("crawl_status",), ("gone",)),
        (
            "workflow/layer_count/layer2/disallowed",
            "n8n_scraper_workflow_layer",
            ("layer", "status"),
            ("layer2", "disallowed"),
        ),
        ("answer/rate_limited_count", "n8n_scraper_answer", ("kind",), ("rate_limited",)),
        ("answer/retry_count", "n8n_scraper_answer_retry", (), ()),
        ("completeness/views", "n8n_scraper_completeness", ("column",), ("views",)),
        ("log_count/ERROR", "n8n_scraper_scrapy_log", ("level",), ("ERROR",)),
    ],
)
def test_a_stat_is_a_metric(stat: str, name: str, labels: tuple[str, ...], values: tuple[str, ...]) -> None:
    metric, found = METRICS[stat]
    assert (metric.name, metric.labels, found) == (name, labels, values)


@pytest.mark.parametrize(
    "stat",
    [
        "workflow/item_count",  # the sum of its labels
        "workflow/item_count/https://example.org",
        "completeness/slug",  # none that must be there
        "redaction/secret_count/github",  # no closed set is declared for it
        "downloader/exception_type_count/SomeError",
        "retry/reason_count/whatever",
    ],
)
def test_what_has_no_closed_set_is_no_metric(stat: str) -> None:
    assert stat not in METRICS


def test_answers_are_told_apart_from_a_twentieth_of_a_second_to_a_minute() -> None:
    assert (names.BUCKETS[0], names.BUCKETS[-1]) == (0.05, 60.0)
    ratios = [high / low for low, high in zip(names.BUCKETS, names.BUCKETS[1:], strict=False)]
    assert all(2 <= ratio <= 3 for ratio in ratios), "each is about as far from the next"


def test_no_two_stats_make_one_series() -> None:
    assert [series for series, count in Counter(METRICS.values()).items() if count > 1] == []
    shapes = {metric.name: metric.labels for metric, _ in METRICS.values()}
    assert all(metric.labels == shapes[metric.name] for metric, _ in METRICS.values())


def test_every_label_set_fits_its_stat() -> None:
    assert {name: len(labels) for name, labels in stats.LABELS.items()} == {
        name: name.count("{}") for name in stats.LABELS
    }
    assert sum(len(metric.labels) > 0 for metric, _ in METRICS.values()) < 200


@pytest.mark.parametrize("file", ["alerts.yml", "dashboard.json"])
def test_what_operators_get_asks_for_metrics_that_are_there(file: str) -> None:
    known = {metric.name for metric, _ in METRICS.values()} | {names.SERVICE_SECONDS, names.UPDATED, *names.OUTCOME}
    asked = set(re.findall(r"n8n_scraper_\w+(?=[\[{ )])", (OPS / file).read_text(encoding="utf-8")))
    assert len(asked) > 5
    assert {re.sub("_(total|bucket)$", "", name) for name in asked} - known == set()
