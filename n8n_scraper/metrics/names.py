"""Which stats are Prometheus metrics, and under which names. Pure.

A stat without a label is one; a stat with ``{}`` is one when stats.LABELS gives the closed sets of its labels. So no
id, address or text from outside ever becomes a label. ``workflow/item_count/{}`` is ``n8n_scraper_workflow_item`` with
the label ``crawl_status``; a stat that is incremented is a counter, and Prometheus adds ``_total``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple, get_args

from n8n_scraper.stats import COMPLETENESS, LABELS, STATS, Labels
from n8n_scraper.visit import Source

PREFIX = "n8n_scraper_"
SCRAPY_STATS: dict[str, tuple[str, Labels]] = {
    "log_count/{}": ("log records, by level", {"level": ("WARNING", "ERROR", "CRITICAL")}),
    "downloader/response_bytes": ("bytes of all answers", {}),
    "memusage/max": ("bytes of memory at most", {}),
}
"""Stats that Scrapy counts, and that are metrics too: name → (meaning, labels)."""

GAUGES = frozenset({COMPLETENESS})
"""Stats with labels that are set and not counted: a series is there once something was measured."""

SERVICE_SECONDS = PREFIX + "answer_service_seconds"
REQUEST_SOURCES = (*get_args(Source), "other")
"""Label ``source`` of the histogram: what of a workflow was asked for; other: robots.txt, sitemap, listing."""
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

STARTED = PREFIX + "run_start_timestamp_seconds"
UPDATED = PREFIX + "run_update_timestamp_seconds"
ENDED = PREFIX + "run_end_timestamp_seconds"
EXIT_CODE = PREFIX + "run_exit_code"
OUTCOME = (STARTED, ENDED, EXIT_CODE)
"""What is worth keeping of a run when it has ended."""


class Metric(NamedTuple):
    name: str
    """Without the ``_total`` of a counter."""
    help: str
    labels: tuple[str, ...]
    is_gauge: bool = False
    """Where it has labels."""


def _metrics() -> Iterator[tuple[str, Metric, Labels]]:
    ours = {name: (meaning, LABELS.get(name, {})) for name, meaning in STATS.items()}
    for name, (meaning, labels) in ours.items():
        if len(labels) == name.count("{}") and f"{name}/{{}}" not in LABELS:  # else it is the sum of that one
            yield name, Metric(PREFIX + _plain(name), meaning, tuple(labels), name in GAUGES), labels
    for name, (meaning, labels) in SCRAPY_STATS.items():
        yield name, Metric(f"{PREFIX}scrapy_{_plain(name)}", meaning, tuple(labels)), labels


def _plain(stat: str) -> str:
    return stat.replace("{}_", "").replace("/{}", "").replace("/", "_").removesuffix("_count")


def _concrete(name: str, labels: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for values in itertools.product(*labels.values()):
        yield name.format(*values), values


METRICS: dict[str, tuple[Metric, tuple[str, ...]]] = {
    stat: (metric, values) for name, metric, labels in _metrics() for stat, values in _concrete(name, labels)
}
"""Stat, label and all → (its metric, the values of the metric's labels)."""
