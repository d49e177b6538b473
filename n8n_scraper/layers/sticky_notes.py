"""The sticky notes of a workflow, in the order in which a person reads them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from n8n_scraper.layers.workflow_json import STICKY_NOTE, nodes_of

ROW_HEIGHT = 80
"""Notes whose upper edges differ by no more than this (half of the smallest note) are read as one row."""

MAX_NAME = 1_000
"""Characters of a note's name, which is repeated with everything that is found in it."""


class StickyNote(NamedTuple):
    node_name: str | None
    text: str


class _Placed(NamedTuple):
    x: float
    y: float
    note: StickyNote


def read_sticky_notes(workflow: dict[str, Any]) -> list[StickyNote]:
    """All of them, empty ones too: top to bottom, in a row left to right; those without a position last."""
    placed, unplaced = [], []
    for node in nodes_of(workflow):
        if node.get("type") == STICKY_NOTE:
            note, position = _note(node), _position(node)
            unplaced.append(note) if position is None else placed.append(_Placed(*position, note))
    rows = groupby(_in_rows(sorted(placed, key=lambda place: place.y)), key=lambda pair: pair[0])
    ordered = [place.note for _, row in rows for _, place in sorted(row, key=lambda pair: pair[1].x)]
    return ordered + unplaced


def _in_rows(placed: list[_Placed]) -> Iterator[tuple[int, _Placed]]:
    """Numbers the rows; the uppermost note of a row opens it."""
    row, top = -1, 0.0
    for place in placed:
        if row < 0 or place.y > top + ROW_HEIGHT:
            row, top = row + 1, place.y
        yield row, place


def _note(node: dict[str, Any]) -> StickyNote:
    name, parameters = node.get("name"), node.get("parameters")
    name = name[:MAX_NAME] if isinstance(name, str) else None
    content = parameters.get("content") if isinstance(parameters, dict) else None
    return StickyNote(name, content if isinstance(content, str) else "")


def _position(node: dict[str, Any]) -> tuple[float, float] | None:
    position = node.get("position")
    if not isinstance(position, list) or len(position) != 2 or not all(map(_is_number, position)):
        return None
    return position[0], position[1]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
