"""Sections of a scale run's report: the machine, figures over time, bottlenecks, storage, baseline. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from n8n_scraper.printable import printable
from n8n_scraper.report.document import (
    Bars,
    Block,
    Figure,
    Figures,
    Line,
    NoData,
    Part,
    Section,
    Table,
    Text,
    Tone,
    columns,
)
from n8n_scraper.scale.analysis.analysed import Analysed
from n8n_scraper.scale.analysis.baseline import BETTER, NOT_JUDGED, WORSE, Compared
from n8n_scraper.scale.analysis.bottlenecks import Finding
from n8n_scraper.scale.analysis.sections import not_there
from n8n_scraper.scale.run_folder import SAMPLES
from n8n_scraper.scale.samples import SAMPLE
from n8n_scraper.scale.storage import FILE_NAME as STORAGE

MOST_POINTS = 200
"""Of a chart: more would not be seen."""
CHARTS = {
    "requests": "Requests a second",
    "items": "Rows committed a second",
    "crawler_cpu": "CPU of the crawler, without Postgres, % of a core",
    "postgres_cpu": "CPU of Postgres, % of a core",
    "crawler_memory": "Memory of the crawler, MB",
    "limiter_wait": "Requests that waited for their turn: seconds waited a second",
    "queue": "Ids left",
    "query_time": "Mean time of a statement, ms",
    "foreign_cpu": "CPU that others used, % of a core",
    "load_average": "Load average",
}
_BOTTLENECK_COLUMNS = columns(
    rule="What is looked at",
    value=("Is", "number"),
    bound=("Bottleneck from", "number"),
    unit="Unit",
    verdict=("Verdict", "word"),
    before=("In the baseline", "number"),
)
_BASELINE_COLUMNS = columns(
    figure="Figure",
    before=("Baseline", "number"),
    now=("Now", "number"),
    ratio=("Ratio", "number"),
    noise=("Noise", "share"),
    source=("Noise is", "word"),
    verdict=("Verdict", "word"),
)


def time_section(seen: Analysed) -> Section:
    if not seen.found.samples:
        return not_there("time", "Over time", SAMPLES)
    return Section("time", "Over time", tuple(_charts(seen)))


def _charts(seen: Analysed) -> Iterator[Block]:
    quantities = {quantity.name: quantity for quantity in SAMPLE}
    promised = seen.conditions.rate * seen.conditions.clock
    for name, caption in CHARTS.items():
        quantity, points = quantities[name], _points(seen, name)
        limit = promised if name == "requests" and promised else None
        told = f"the rate of {promised:g} a second that the run was given" if limit else ""
        if points:
            yield Line(name, caption, quantity.unit, points, limit, told)
        else:
            yield NoData(name, caption, f"It was not measured: {quantity.source}.")


def _points(seen: Analysed, name: str) -> tuple[tuple[float, float], ...]:
    """Means of equal numbers of samples, at the time of the last of them."""
    known = [(sample["t"] or 0.0, value) for sample in seen.found.samples if (value := sample.get(name)) is not None]
    step = max(1, -(-len(known) // MOST_POINTS))
    spans = [known[first : first + step] for first in range(0, len(known), step)]
    return tuple((span[-1][0], round(fmean(value for _, value in span), 4)) for span in spans)


def bottlenecks_section(seen: Analysed) -> Section:
    findings = sorted(seen.findings, key=lambda finding: (not finding.holds, finding.value is None))
    before = {one.name: one.before for one in seen.compared}
    rows = tuple(
        (
            one.rule.meaning,
            one.value,
            one.rule.bound,
            one.rule.unit,
            one.verdict,
            before.get(f"bottleneck/{one.rule.name}"),
        )
        for one in findings
    )
    caption = "Declared rules over what was measured while requests went out"
    table = Table("rules", caption, _BOTTLENECK_COLUMNS, rows, tones=tuple(map(_tone, findings)))
    return Section("bottlenecks", "Bottlenecks", (table,))


def _tone(finding: Finding) -> Tone:
    if finding.value is None:
        return "quiet"
    return "warn" if finding.holds else "good"


def storage_section(seen: Analysed) -> Section:
    storage = seen.parts.get("storage")
    if not storage:
        return not_there("storage", "Storage", STORAGE)
    rows = storage["workflows"]
    each = storage["database_bytes"] / rows / 1000 if rows else None
    figures = (
        Figure("workflows", "workflows with content", rows),
        Figure("database", "database, MB", storage["database_bytes"] / 1e6, "number"),
        Figure("each", "database, KB a workflow", each, "number", note="an empty one included"),
        Figure("content", "their JSON as text, MB", storage["content_bytes"] / 1e6, "number"),
        Figure(
            "exports",
            "all exports in one pass",
            storage["export_seconds"],
            "seconds",
            note=f"load average {storage['load_average']:.1f}",
        ),
    )
    parts = tuple(Part(one["name"], one["bytes"] / 1e6) for one in storage["tables"][:10])
    bars = Bars("tables", "Largest tables with their indexes, MB", "number", parts)
    return Section(
        "storage",
        "Storage and exports",
        (Figures("storage", figures), bars, _exports(storage), _indexes(storage["indexes"])),
    )


def _exports(storage: dict[str, Any]) -> Table:
    head = columns(
        format=("Format", "word"),
        mb=("MB", "number"),
        each=("KB a workflow", "number"),
        seconds=("Written alone in", "seconds"),
        rate=("Rows a second", "number"),
    )
    rows = tuple(
        (
            one["format"],
            one["bytes"] / 1e6,
            one["bytes"] / one["rows"] / 1000 if one["rows"] else None,
            one["seconds"],
            one["rows"] / one["seconds"] if one["seconds"] else None,
        )
        for one in storage["exports"]
    )
    return Table("exports", "Exports of the whole store", head, rows)


def _indexes(indexes: Sequence[dict[str, Any]]) -> Table:
    head = columns(
        index="Index",
        table="Table",
        kb=("KB", "number"),
        scans=("Used", "count"),
        rows=("Rows read", "count"),
        purpose=("Keeps a key", "word"),
    )
    ordered = sorted(indexes, key=lambda one: (-one["scans"], one["name"]))
    rows = tuple(
        (
            one["name"],
            one["table_name"],
            one["bytes"] / 1000,
            one["scans"],
            one["rows_read"],
            "yes" if one["is_key"] else "no",
        )
        for one in ordered
    )
    tones: tuple[Tone, ...] = tuple("plain" if one["scans"] or one["is_key"] else "quiet" for one in ordered)
    return Table(
        "indexes", "Use of indexes by the crawl; those never used serve queries, or nobody", head, rows, tones=tones
    )


def baseline_section(seen: Analysed) -> Section:
    if seen.refusal or seen.baseline is None:
        why = seen.refusal or "None was named, and none is saved: scrapy scale baseline FOLDER saves one."
        return Section("baseline", "Against the baseline", (NoData("baseline", "Comparison", why),))
    names = ", ".join(printable(run.name) for run in seen.baseline.quiet_runs)
    tones = tuple(_TONES.get(one.verdict, "plain") for one in seen.compared)
    table = Table(
        "figures",
        f"Baseline: median of {len(seen.baseline.quiet_runs)} runs ({names})",
        _BASELINE_COLUMNS,
        tuple(map(_compared, seen.compared)),
        "No figure is in both.",
        tones,
    )
    return Section("baseline", "Against the baseline", (table, Text(_notes(seen))))


_TONES: dict[str, Tone] = {BETTER: "good", WORSE: "bad", NOT_JUDGED: "quiet"}


def _compared(one: Compared) -> tuple[Any, ...]:
    source = "assumed" if one.is_assumed else "measured"
    return one.name, one.before, one.now, one.ratio, one.noise, source, one.verdict


def _notes(seen: Analysed) -> tuple[str, ...]:
    notes = ["Noise is the spread of the baseline's runs as a share of their median; of one run it is assumed."]
    if seen.is_disturbed or (seen.baseline and seen.baseline.is_disturbed):
        notes.append("Others used the machine meanwhile: figures of time are shown and not judged.")
    return tuple(notes)
