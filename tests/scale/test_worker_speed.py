"""What is judged of a team's speed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from n8n_scraper.scale.worker_speed import Speed, longest_turn_wait, mean_while_shards_wait

GOOD = Speed(
    workers=2,
    rate=2,
    workflows=100,
    seconds=50,
    busiest_second=3,
    busiest_ten_seconds=21,
    mean=1.94,
    turn_wait=4,
    shard_wait=5,
    shards=(4, 4),
    is_whole=True,
)


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"is_whole": False}, "workflows were lost or stored twice"),
        ({"busiest_second": 4}, "the rate was exceeded"),
        ({"busiest_ten_seconds": 22}, "the rate was exceeded"),
        ({"mean": 1.93}, "the mean is below 97% of the promise"),
        ({"mean": None}, "the mean is below 97% of the promise"),
        ({"turn_wait": 4.1}, "a worker waited for a turn for more than 4.0 s"),
        ({"shard_wait": 5.1}, "a worker waited for a shard for more than 5 s"),
    ],
)
def test_each_bound(change: dict[str, float], failure: str) -> None:
    assert GOOD.failures() == []
    assert replace(GOOD, **change).failures() == [failure]


def test_the_mean_of_one_worker_and_of_high_rates_is_told_and_not_judged() -> None:
    assert replace(GOOD, workers=1, mean=1.0, turn_wait=2.5).failures() == []
    assert replace(GOOD, rate=200, mean=30, turn_wait=1).failures() == []


def test_waits_are_counted_from_the_access_log() -> None:
    task_of = {1: 10, 2: 10, 3: 20, 4: 20, 5: 30}
    asked = [(0.0, 1, None), (0.5, 3, "127.0.0.2"), (3.0, 2, None), (4.5, 4, "127.0.0.2"), (10.0, 5, None)]
    details = [{"t": t, "id": id} | ({"client": client} if client else {}) for t, id, client in asked]
    assert longest_turn_wait(details, task_of) == 4.0
    assert mean_while_shards_wait([t for t, *_ in asked], details, task_of) == 0.4
    assert mean_while_shards_wait([0.0], details[:1], task_of) is None
