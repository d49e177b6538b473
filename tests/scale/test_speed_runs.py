"""The benchmark over a small library: real crawls, a real Postgres, the bare spider."""

from __future__ import annotations

from pathlib import Path

import pytest

from n8n_scraper.replica.process import running_replica
from n8n_scraper.scale.speed_runs import BARE, EVERYTHING, NOTHING_WRITTEN, compare, watch_memory


def test_crawls_are_measured_beside_a_bare_spider(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("speed")
    said: list[str] = []
    with running_replica(count=12) as replica:
        compare(replica, folder, rounds=1, say=lambda *lines: said.extend(lines))
        asked = replica.stats()["by_kind"]["api/detail"]
    rows = {line.split(" | ")[0].removeprefix("| "): line.split(" | ")[1:] for line in said if line.startswith("| ")}
    assert said[0] == "12 workflows, 1 times"
    assert asked == 12 * 4  # three crawls, and the bodies for the stages
    for name in (EVERYTHING, NOTHING_WRITTEN, BARE):
        ratio, cpu_ms, start_ms = map(float, rows[name][:3])
        assert min(ratio, cpu_ms, start_ms) > 0  # how much is for a benchmark: of twelve workflows it is noise
    assert float(rows[BARE][0]) == 1
    for stage in ("JSON read and checked", "Markdown", "redaction", "store (without Postgres)", "feeds (four formats)"):
        assert float(rows[stage][0]) > 0, stage


def test_memory_is_watched(tmp_path_factory: pytest.TempPathFactory) -> None:
    said: list[str] = []
    with running_replica(count=12) as replica:
        watch_memory(replica, tmp_path_factory.mktemp("memory"), say=lambda *lines: said.extend(lines))
    assert said[-1].startswith("12 workflows: ")
