"""A report as Markdown (GitHub's). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from n8n_scraper.report.document import (
    Bars,
    Block,
    Column,
    Document,
    Figures,
    Line,
    Part,
    Stacks,
    Table,
    Text,
    Unit,
    Value,
)
from n8n_scraper.report.wording import duration, shown

_SIGNS = re.compile(r"([\\`*_\[\]<>#|~&@]|:(?=//)|(?<=\b[wW]{3})\.|^[-+=](?=\s|[-=]))")
"""What may begin markup; ``://``, ``www.`` and an at sign make a text a link."""
_BAR = 24


def render(document: Document) -> str:
    lines = [f"# {escaped(document.title)}", "", f"**{escaped(document.verdict)}**", ""]
    for section in document.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Figures):
        yield from _table(
            ("", ""), ((f.label, shown(f.value, f.unit) + (f" ({f.note})" if f.note else "")) for f in block.figures)
        )
    elif isinstance(block, Table):
        yield from _data(block)
    elif isinstance(block, Bars):
        longest = block.of or max((part.value for part in block.parts), default=0) or 1
        yield f"{escaped(block.caption)}:"
        yield ""
        yield from _table(("", "", ""), (_bar(part, longest, block.unit) for part in block.parts))
    elif isinstance(block, Stacks):
        rows = (
            (label, " · ".join(f"{p.label} {p.value:,.0f}" for p in parts if p.value)) for label, parts in block.rows
        )
        yield from _table((block.caption, ""), rows)
    elif isinstance(block, Line):
        yield from _line(block)
    elif isinstance(block, Text):
        yield from (f"- {escaped(shown(text))}" for text in block.paragraphs)
    else:
        yield f"{escaped(block.what)}: no data. {escaped(block.why)}"


def _data(table: Table) -> Iterator[str]:
    yield f"{escaped(table.caption)}:" + ("" if table.rows else f" {escaped(table.empty)}")
    if table.rows:
        yield ""
        yield from _table(
            (column.label for column in table.columns), (_cells(row, table.columns) for row in table.rows)
        )


def _cells(row: tuple[Value, ...], columns: tuple[Column, ...]) -> Iterator[str]:
    return ("" if value is None else shown(value, column.unit) for value, column in zip(row, columns, strict=True))


def _bar(part: Part, longest: float, unit: Unit) -> tuple[str, str, str]:
    length = round(_BAR * part.value / longest)
    return part.label, shown(part.value, unit), "█" * (length or (1 if part.value else 0))


def _line(line: Line) -> Iterator[str]:
    """Ten of the points are enough to read."""
    yield f"{escaped(line.caption)}" + (f" ({escaped(line.limit_label)})" if line.limit else "") + ":"
    yield ""
    step = max(1, -(-len(line.points) // 10))
    chosen = [line.points[min(index + step, len(line.points)) - 1] for index in range(0, len(line.points), step)]
    longest = max((value for _, value in line.points), default=0) or 1
    rows = ((duration(at), f"{value:,.4g}", "█" * round(_BAR * value / longest)) for at, value in chosen)
    yield from _table(("after", line.label, ""), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = [escaped(name) for name in head]
    yield f"| {' | '.join(names)} |"
    yield "|" + " --- |" * len(names)
    for row in rows:
        yield f"| {' | '.join(map(escaped, row))} |"
