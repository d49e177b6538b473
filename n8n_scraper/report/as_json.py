"""A report as JSON: the values as they are, found by section and key. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from n8n_scraper.iso_time import iso
from n8n_scraper.report.document import Bars, Block, Document, Figures, Line, NoData, Stacks, Table, Text, Value


def render(document: Document) -> str:
    """ASCII only, so that nothing in a text from outside can change what a terminal shows."""
    sections = {
        section.key: dict(_block(block) for block in section.blocks if not isinstance(block, Text))
        | {"notes": [text for block in section.blocks if isinstance(block, Text) for text in block.paragraphs]}
        for section in document.sections
    }
    whole = {"report": document.kind, "title": document.title, "verdict": document.verdict, "tone": document.tone}
    return json.dumps(whole | {"sections": sections}, indent=2, allow_nan=False) + "\n"


def _block(block: Block) -> tuple[str, Any]:
    if isinstance(block, Figures):
        return block.key, {figure.key: _plain(figure.value) for figure in block.figures}
    if isinstance(block, Table):
        keys = [column.key for column in block.columns]
        return block.key, [dict(zip(keys, map(_plain, row), strict=True)) for row in block.rows]
    if isinstance(block, Bars):
        return block.key, {part.label: part.value for part in block.parts}
    if isinstance(block, Stacks):
        return block.key, {label: {part.label: part.value for part in parts} for label, parts in block.rows}
    if isinstance(block, Line):
        return block.key, {"points": block.points, "limit": block.limit}
    assert isinstance(block, NoData)
    return block.key, {"no_data": block.why}


def _plain(value: Value) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return value
