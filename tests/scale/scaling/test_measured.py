from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.scale.samples import as_sample
from n8n_scraper.scale.scaling.ladders import Step
from n8n_scraper.scale.scaling.measured import busiest, measure, memory_slope, pace

STEP = Step(label="", load=2, flows=4, processes=2, workflows=10)
EVENLY = [float(n) for n in range(11)]


def _samples(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [as_sample(n, {"requests": 5.0, **change}) for n, change in enumerate(changes)]


@pytest.mark.parametrize(
    ("arrivals", "per_second"),
    [
        (EVENLY, 1.0),
        ([0.0, *(10 + n / 10 for n in range(9)), 60.0], 10.0),  # a slow start and a slow end are left out
        ([1.0], None),
        ([], None),
        ([1.0, 1.0, 1.0], None),
    ],
)
def test_pace_is_that_of_the_middle(arrivals: list[float], per_second: float | None) -> None:
    assert pace(arrivals, 0.1, 0.9) == (None if per_second is None else pytest.approx(per_second))


@pytest.mark.parametrize(("times", "most"), [([], 0), ([5.0], 1), ([0, 1, 9.9, 10.0, 10.1], 4), ([0, 10, 20], 1)])
def test_the_busiest_window_leaves_its_end_out(times: list[float], most: int) -> None:
    assert busiest(times, 10.0) == most


def test_figures_are_of_the_time_that_requests_were_sent() -> None:
    idle = {"requests": 0.0, "crawler_cpu": 200.0, "crawler_memory": 900.0, "crawler_threads": 99}
    samples = _samples(
        idle,
        {"crawler_cpu": 60.0, "crawler_memory": 300.0, "crawler_threads": 10, "foreign_cpu": 50.0},
        {"crawler_cpu": 80.0, "crawler_memory": 310.0, "crawler_threads": 12, "foreign_cpu": 0.0},
        idle,
    )
    rows = [{"crawl_status": "complete", "service_seconds": n / 10} for n in range(1, 10)]
    rows.append({"crawl_status": "failed", "service_seconds": 9.0})
    found = measure(STEP, arrivals=EVENLY, requests=EVENLY, rows=rows, samples=samples, exit_codes=[0, 0])
    assert (found.rows, found.failed, found.throughput) == (10, 1, 1.0)
    assert (found.p50, found.p95) == (0.5, 9.0)
    assert (found.crawler_cpu, found.threads) == (35.0, 6.0)  # of one of the two processes
    assert found.memory == 310.0
    assert found.foreign_share == 0.5
    assert found.items_per_mb == pytest.approx(60 / 310)
    assert found.cpu_ms == pytest.approx(700)  # two processes of 35 % for one workflow a second
    assert found.pace_kept == pytest.approx(1.0)


def test_without_samples_nothing_is_claimed() -> None:
    found = measure(STEP, arrivals=[], requests=[], rows=[], samples=[], exit_codes=[1, 1])
    assert (found.throughput, found.p95, found.memory, found.cpu_ms, found.items_per_mb) == (None,) * 5


@pytest.mark.parametrize(("rows", "slope"), [(1200, 2.0), (1000, 2.0), (900, None)])
def test_memory_grows_with_rows(rows: int, slope: float | None) -> None:
    samples = _samples(*({"rows": n, "crawler_memory": 150 + n / 500} for n in range(0, rows + 1, 100)))
    assert memory_slope(samples) == (None if slope is None else pytest.approx(slope))
