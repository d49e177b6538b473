from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.scale.analysis.bottlenecks import RULES, look
from n8n_scraper.scale.run_folder import RunFolder

Samples = Sequence[Mapping[str, float | None]]


def _run(samples: Samples = (), **fields: Any) -> RunFolder:
    usual: dict[str, Any] = {"run": {"rate": 2.0, "clock": 1.0}, "verdicts": (), "outcomes": (), "figures": {}}
    return RunFolder(path=Path("run"), samples=samples, missing=(), **{**usual, **fields})


def _same(count: int = 20, **values: float) -> Samples:
    return [{"t": float(second), "requests": 1.0, **values} for second in range(count)]


def _outcome(group: str = "good", **fields: float | None) -> dict[str, Any]:
    return {"group": group, "request_count": None, "service_seconds": None, **fields}


def _found(run: RunFolder) -> dict[str, float | None]:
    return {one.rule.name: one.value for one in look(run)}


def _holding(run: RunFolder) -> set[str]:
    return {one.rule.name for one in look(run) if one.holds}


@pytest.mark.parametrize(
    ("samples", "holding"),
    [
        (_same(requests=1.9), {"rate"}),
        (_same(crawler_cpu=95.0), {"crawler_cpu"}),
        (_same(crawler_cpu=80.0, postgres_cpu=85.0), {"postgres_cpu"}),
        (_same(machine_cpu=95.0, foreign=True), {"machine_cpu", "foreign"}),
        (_same(steal=6.0), {"steal"}),
        (_same(postgres_written=25.0), {"disk"}),
        ([{"requests": float(n % 2), "queue": 1.0} for n in range(1, 20)], {"waiting"}),
        ([{"requests": float(n % 2), "queue": 0.0} for n in range(1, 20)], set()),
        ([{"requests": 1.0, "crawler_threads": 10.0 if n < 150 else 16.0} for n in range(240)], {"threads"}),
        ([{"requests": 1.0, "crawler_threads": 10.0 if n < 15 else 16.0} for n in range(20)], set()),
        ([{"requests": 1.0, "crawler_threads": 10.0 if n < 150 else 16.0} for n in range(239)], set()),
        ([{"requests": 1.0, "crawler_files": 10.0 + 10 * (n > 9)} for n in range(240)], set()),
        ([{"requests": 1.0, "rows": n * 500.0, "crawler_memory": 100 + n * 0.5} for n in range(20)], {"memory"}),
        ([{"requests": 1.0, "rows": n * 100.0, "crawler_memory": 100 + n * 10} for n in range(20)], set()),
        (_same(4, crawler_cpu=100.0), set()),
    ],
)
def test_bottlenecks_of_samples(samples: Samples, holding: set[str]) -> None:
    assert _holding(_run(samples)) == holding


@pytest.mark.parametrize(
    ("fields", "holding"),
    [
        ({"figures": {"store_query_p95": 100.0}}, {"store"}),
        ({"outcomes": [_outcome(request_count=count) for count in (2, 1, None)]}, {"requests_each"}),
        ({"outcomes": [_outcome("edge", request_count=9), _outcome(request_count=1)]}, set()),
        ({"outcomes": [_outcome(service_seconds=1.0)] * 19 + [_outcome(service_seconds=30.0)]}, {"slow_tail"}),
        ({"outcomes": [_outcome(service_seconds=1.0)] * 20}, set()),
        ({"run": {"rate": 0.0}}, set()),
    ],
)
def test_bottlenecks_of_rows(fields: dict[str, Any], holding: set[str]) -> None:
    assert _holding(_run(**fields)) == holding


def test_start_and_end_of_a_run_do_not_count() -> None:
    idle = {"requests": 0.0, "crawler_cpu": 0.0}
    samples = [idle, {"requests": None}, *_same(crawler_cpu=95.0), idle, idle]
    assert _found(_run(samples))["crawler_cpu"] == 95.0


def test_the_rate_counts_as_the_compressed_clock_has_it() -> None:
    found = _found(_run(_same(requests=10.0), run={"rate": 2.0, "clock": 10.0}))
    assert found["rate"] == 50.0


def test_without_data_no_rule_holds() -> None:
    assert set(_found(_run()).values()) == {None}
    assert {one.verdict for one in look(_run())} == {"no data"}
    assert len(_found(_run())) == len(RULES)
