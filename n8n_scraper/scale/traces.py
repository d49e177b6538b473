"""What a trial leaves in files while it goes on: the replica's access log, and the crawls' own metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import orjson

from n8n_scraper.metrics.names import METRICS
from n8n_scraper.run_id import RUNS
from n8n_scraper.stats import LABELS


class AccessLogTail:
    """Counts the lines that were added since it was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = path.stat().st_size if path.exists() else 0
        self.requests = 0
        self.answers_429 = 0

    def read_on(self) -> None:
        with self._path.open("rb") as log:
            log.seek(self._place)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._place += len(whole)
        lines = whole.splitlines()
        self.requests += len(lines)
        self.answers_429 += sum(orjson.loads(line)["status"] == 429 for line in lines if b"429" in line)


def crawl_counters(exports: Path) -> Counter[str]:
    """Metrics of all runs so far added up, by series as in the files: ``n8n_scraper_rate_wait_seconds_total``."""
    total: Counter[str] = Counter()
    for file in exports.glob(f"{RUNS}/*/metrics.prom"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                total[series] += float(value)  # type: ignore[assignment]  # a Counter adds any number
    return total


def series(stat: str) -> str:
    """The name in such a file of a stat that is counted and has no label."""
    return f"{METRICS[stat][0].name}_total"


def labelled_series(counters: Mapping[str, float], stat: str) -> dict[str, float]:
    """Of a stat with one label, by its values; those that are in the files."""
    [label] = LABELS[stat]
    found = {}
    for value in LABELS[stat][label]:
        key = f'{METRICS[stat.format(value)][0].name}_total{{{label}="{value}"}}'
        if key in counters:
            found[value] = counters[key]
    return found
