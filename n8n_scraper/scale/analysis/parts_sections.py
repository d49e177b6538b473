"""Sections of what other scale commands left in the folder: scaling, load, queries. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from n8n_scraper.printable import printable
from n8n_scraper.report.document import Bars, Block, Figure, Figures, Part, Section, Table, Text, Tone, Value, columns
from n8n_scraper.scale.analysis.analysed import Analysed, number

_STEP_COLUMNS = columns(
    step=("Step", "word"),
    throughput=("Workflows", "rate"),
    efficiency=("Of linear", "share"),
    p50=("p50", "seconds"),
    p95=("p95", "seconds"),
    p99=("p99", "seconds"),
    cpu=("CPU, %", "number"),
    memory=("MB", "number"),
    threads=("Threads", "count"),
    verdict=("Verdict", "word"),
    bottleneck="Bottleneck and its evidence",
)
_FINDINGS = {
    "load": "Load: crawls scheduled on a scrapyd",
    "captions": "Load: transcripts",
    "queries": "Analysts' queries and indexes",
}
_FINDING_COLUMNS = columns(
    what=("What", "text"),
    figure=("Is", "number"),
    unit=("Unit", "word"),
    threshold=("Must be", "word"),
    goal=("Aim", "word"),
    holds=("Holds", "word"),
    note="Note",
)


def parts_sections(seen: Analysed) -> Iterator[Section]:
    """Nothing where there are none: most runs have none."""
    if ladders := seen.parts.get("scaling"):
        yield Section("scaling", "Scaling", tuple(block for ladder in ladders for block in _ladder(ladder)))
    for key, title in _FINDINGS.items():
        if found := seen.parts.get(key):
            yield Section(key, title, _findings(key, found))


def are_passed(seen: Analysed) -> dict[str, bool]:
    """By part; storage is told and not judged."""
    scaling = seen.parts.get("scaling")
    verdicts = {"scaling": all(one["passed"] for one in scaling)} if scaling else {}
    return verdicts | {key: bool(found["passed"]) for key in _FINDINGS if (found := seen.parts.get(key))}


def _ladder(ladder: Mapping[str, Any]) -> Iterator[Block]:
    name, steps = printable(ladder["name"]), ladder["steps"]
    tones: tuple[Tone, ...] = tuple("good" if one["passed"] else "bad" for one in steps)
    yield Table(name, f"{name}: {printable(ladder['does'])}", _STEP_COLUMNS, tuple(map(_step, steps)), tones=tones)
    parts = tuple(
        Part(printable(one["step"]["label"]), number(one["throughput"]) or 0.0, "plain" if one["passed"] else "warn")
        for one in steps
    )
    yield Bars(f"{name}_throughput", f"{name}: workflows a second by step", "rate", parts, upright=True)
    yield Text(tuple(_conclusions(ladder)))


def _step(one: Mapping[str, Any]) -> tuple[Value, ...]:
    times = (number(one[key]) for key in ("p50", "p95", "p99", "crawler_cpu", "memory", "threads"))
    missed = [check["name"] for check in one["checks"] if not check["is_passed"]] + ["cliff"] * one["is_cliff"]
    verdict = "passed" if one["passed"] else ", ".join(map(str, missed)) or "failed"
    held = f"{one['bottleneck']['name']}: {one['bottleneck']['evidence']}"
    return one["step"]["label"], number(one["throughput"]), number(one["efficiency"]), *times, verdict, held


def _conclusions(ladder: Mapping[str, Any]) -> Iterator[str]:
    bends = next((one["step"]["label"] for one in ladder["steps"] if not one["passed"]), None)
    yield f"{ladder['name']} bends at: {bends or 'none of these steps'}."
    grace = "yes" if ladder["is_graceful"] else "NO"
    yield f"Degrades gracefully: {grace} ({'; '.join(map(str, ladder['grace']))})."
    if ladder["capacity"]:
        yield f"Capacity: {ladder['capacity']['sentence']}"
    yield from (f"Watch {one['quantity']}: {one['bound']}." for one in ladder["thresholds"])
    yield from (f"Scale {sentence}." for sentence in ladder["when_to_scale"])


def _findings(key: str, found: Mapping[str, Any]) -> tuple[Block, ...]:
    rows: Sequence[Mapping[str, Any]] = found["figures"]
    judged = [one for one in rows if one["threshold"] is not None]
    kept = sum(one["holds"] for one in judged)
    tone: Tone = "good" if found["passed"] else "bad"
    figures = Figures(
        "verdict",
        (
            Figure("passed", "verdict", "passed" if found["passed"] else "NOT passed", "text", tone),
            Figure("held", "thresholds held", kept, note=f"of {len(judged)}"),
            Figure("load", "load average", number(found["load_average"]), "number"),
        ),
    )
    tones: tuple[Tone, ...] = tuple(map(_tone, rows))
    return figures, Table(
        key, "Figures with their thresholds", _FINDING_COLUMNS, tuple(map(_finding, rows)), tones=tones
    )


def _tone(one: Mapping[str, Any]) -> Tone:
    if one["threshold"] is None:
        return "plain"
    if not one["holds"]:
        return "bad"
    return "good" if _reaches(one) else "warn"


def _reaches(one: Mapping[str, Any]) -> bool:
    """The aim beyond the threshold, where there is one."""
    goal, figure = one["goal"], number(one["figure"])
    if goal is None:
        return True
    return figure is not None and (figure >= goal if one["is_least"] else figure < goal)


def _finding(one: Mapping[str, Any]) -> tuple[Value, ...]:
    sign = "≥" if one["is_least"] else "<"
    bounds = (None if one[key] is None else f"{sign} {one[key]:g}" for key in ("threshold", "goal"))
    kept = "yes" if _reaches(one) else "yes, aim missed"
    holds = None if one["threshold"] is None else kept if one["holds"] else "NO"
    return one["name"], number(one["figure"]), one["unit"], *bounds, holds, one["note"]
