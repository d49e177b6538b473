"""Scrapy's stats as Prometheus metrics: scrapy-prometheus 0.4.4, brought to life on Scrapy 2.19.

What the library does stands: every operation on a stat is done to a metric of its registry too, and an increment makes
a counter, anything else a gauge. Replaced is what is silently broken here: its metrics without labels are refused
(hidden by a bare except), its type check fails, its minimum starts at 0, and its push has an argument that Scrapy
passes no more. Pushing is up to extensions/metrics.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import prometheus_client
from prometheus_client import Counter, Gauge
from scrapy_prometheus import PrometheusStatsCollector

from n8n_scraper.metrics.names import METRICS, Metric

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from scrapy.crawler import Crawler

# Without it every counter has a second series, that says when it was made.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types


class StatsCollector(PrometheusStatsCollector):  # type: ignore[misc]  # the library has no types
    """STATS_CLASS of the project. ``registry`` holds the metrics; stats that are none of METRICS are stats only."""

    __getattribute__ = object.__getattribute__
    """Scrapy's own looks every attribute up twice, to warn of an argument that all callers here are free of."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.registry: CollectorRegistry = self.get_registry(None)
        self._metrics: dict[Metric, Counter | Gauge] = {}
        for stat, (metric, _) in METRICS.items():
            if metric.labels and not metric.is_gauge:  # all of these are counted, and what did not happen yet is 0
                self.get_metric(stat, Counter)

    def get_metric(
        self, key: str, metric_type: type[Counter] | type[Gauge], spider: None = None, labels: None = None
    ) -> tuple[Counter | Gauge | None, bool]:
        """The metric to change, None where there is none; and whether it was made now."""
        if key not in METRICS:
            return None, False
        metric, values = METRICS[key]
        is_new = metric not in self._metrics
        if is_new:
            self._metrics[metric] = metric_type(metric.name, metric.help, metric.labels, registry=self.registry)
        found = self._metrics[metric]
        if not isinstance(found, metric_type):
            return None, False
        return found.labels(*values) if values else found, is_new

    def inc_value(self, key: str, count: int = 1, start: int = 0, spider: None = None) -> None:
        """As the library does, whose way is long for the many stats that are no metrics."""
        if key in METRICS:
            super().inc_value(key, count, start)
        else:
            stats = self._stats
            stats[key] = stats.setdefault(key, start) + count

    def min_value(self, key: str, value: Any, spider: None = None) -> None:
        self.set_value(key, min(self.get_value(key, value), value))

    def _persist_stats(self, stats: dict[str, Any], spider: None = None) -> None:
        """Nothing: the library pushed here, in the way of the crawl."""
