from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.scale.scaling.bottlenecks import find_bottleneck
from tests.scale.scaling.steps import step

THREAD = {"throughput": 65.0, "crawler_cpu": 62.5, "service": 0.11}
"""As it was measured on a quiet machine."""


@pytest.mark.parametrize(
    ("load", "changes", "name", "evidence"),
    [
        (16, {"rate": 2.0, "throughput": 1.99, "limiter_wait": 14.0}, "the promise of the rate", "1.99 of the 2"),
        (16, {"rate": 2.0, "throughput": 1.99, "crawler_cpu": 99.0}, "the promise of the rate", "waited"),
        (16, {"rate": 20.0, "throughput": 18.0}, "the promise of the rate", "18 of the 20"),
        (4, {}, "latency", "39.2 of the 40 that 4 flows allow"),
        (4, {"processes": 2}, "latency", "that 4 flows allow"),
        (4, {"throughput": 34.5, "service": 0.107}, "latency", "at this latency, 3.69 of them busy"),
        (4, {"throughput": 24.0, "service": 0.16}, "not found", ""),
        (16, {"throughput": 120.0, "crawler_cpu": 96.0}, "CPU of the crawler", "96 % of a core"),
        (16, {"throughput": 120.0, "crawler_cpu": 40.0, "postgres_cpu": 90.0}, "CPU of Postgres", "90 %"),
        (16, {"throughput": 120.0, "replica_cpu": 90.0}, "CPU of the stand-in", "90 %"),
        (16, {"throughput": 50.0, "machine_cpu": 97.0, "foreign_cpu": 150.0}, "foreign load", "others 150 %"),
        (16, {"throughput": 120.0, "machine_cpu": 97.0, "foreign_cpu": 5.0}, "CPU of the machine", "97 % busy"),
        (16, {"throughput": 50.0, "query_time": 40.0}, "the store", "40 ms"),
        (10, THREAD, "the crawler's one thread", "only 7.15 of 10 flows have a request under way"),
        (
            10,
            THREAD,
            "the crawler's one thread",
            "62.5 % of a core, 9.62 ms for each workflow: at best 79.8 workflows/s",
        ),
        (20, {**THREAD, "processes": 2, "throughput": 130.0}, "the crawler's one thread", "at best 160 workflows/s"),
        (10, {**THREAD, "service": 0.15}, "not found", "crawler 62.5 %"),
        (10, {**THREAD, "rate": 100.0}, "not found", ""),
        (16, {"throughput": 50.0}, "not found", "nothing measured was full"),
        (16, {"throughput": None, "crawler_cpu": None, "machine_cpu": None}, "not found", "crawler ? %"),
        (16, {"rate": 20.0, "throughput": 17.0, "crawler_cpu": 50.0}, "not found", ""),
    ],
)
def test_a_bottleneck_is_named_with_its_evidence(load: int, changes: dict[str, Any], name: str, evidence: str) -> None:
    found = find_bottleneck(step(load, **changes))
    assert found.name == name
    assert evidence in found.evidence
