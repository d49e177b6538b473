"""The shape of what other scale commands leave in a folder, as far as the report and the gate look at it. Pure."""

from __future__ import annotations

from typing import Any, TypedDict

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.run_shapes import demand_rows


class _Table(TypedDict):
    name: str
    bytes: float


class _Index(_Table):
    table_name: str
    scans: float
    rows_read: float
    is_key: bool


class _Export(TypedDict):
    format: str
    rows: float
    bytes: float
    seconds: float


class _Storage(TypedDict):
    workflows: float
    content_bytes: float
    database_bytes: float
    export_seconds: float
    load_average: float
    tables: list[_Table]
    indexes: list[_Index]
    exports: list[_Export]


class _Figure(TypedDict):
    name: str
    figure: float | None
    unit: str
    threshold: float | None
    goal: float | None
    is_least: bool
    holds: bool
    note: str


class _Findings(TypedDict):
    passed: bool
    load_average: float
    figures: list[_Figure]


class _Label(TypedDict):
    label: str


class _Check(TypedDict):
    name: str
    is_passed: bool


class _Bottleneck(TypedDict):
    name: str
    evidence: str


class _Step(TypedDict):
    step: _Label
    throughput: float | None
    efficiency: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    crawler_cpu: float | None
    memory: float | None
    threads: float | None
    checks: list[_Check]
    bottleneck: _Bottleneck
    is_cliff: bool
    passed: bool


class _Capacity(TypedDict):
    sentence: str


class _Threshold(TypedDict):
    quantity: str
    bound: str


class _Ladder(TypedDict):
    name: str
    does: str
    passed: bool
    steps: list[_Step]
    is_graceful: bool
    grace: list[str]
    capacity: _Capacity | None
    thresholds: list[_Threshold]
    when_to_scale: list[str]


def demand_part(where: str, name: str, part: Any) -> None:
    """``name`` is one of analysed.PARTS.

    Raises:
        StartError: this is not what a scale command writes.
    """
    if name == "scaling":
        if not isinstance(part, list) or not part:
            raise StartError(f"{where}: it has no list of ladders: it is not of a scale run.")
        demand_rows(where, part, _Ladder)
    else:
        demand_rows(where, [part], _Storage if name == "storage" else _Findings)
