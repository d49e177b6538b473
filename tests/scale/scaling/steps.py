"""A measured step to take others from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from n8n_scraper.scale.scaling.ladders import Ladder, Step
from n8n_scraper.scale.scaling.measured import Measured

GOOD = Measured(
    step=Step(label="1 flow", load=1, flows=1, workflows=70),
    rows=70,
    failed=0,
    exit_codes=(0,),
    throughput=9.8,
    busiest_ten_seconds=99,
    pace_kept=1.0,
    service=0.102,
    p50=0.101,
    p95=0.104,
    p99=0.12,
    crawler_cpu=10.0,
    postgres_cpu=2.0,
    replica_cpu=2.0,
    machine_cpu=8.0,
    foreign_cpu=1.0,
    foreign_share=0.0,
    memory=150.0,
    memory_slope=None,
    threads=6.0,
    limiter_wait=0.0,
    query_time=1.0,
    load_average=0.4,
    steal=0.0,
)
LINEAR = Ladder(name="flows", does="", steps=())
UNEQUAL = replace(LINEAR, is_linear=False)
PACED = replace(UNEQUAL, is_paced=True)


def step(load: int = 1, *, rate: float = 0.0, processes: int = 1, **changes: Any) -> Measured:
    """Of ``load`` flows, with as much throughput as they bring."""
    flows = load // processes
    planned = Step(label=f"{load} flows", load=load, flows=flows, processes=processes, rate=rate, workflows=70)
    return replace(GOOD, **{"step": planned, "throughput": 9.8 * load, **changes})
