"""What a format of exports knows: how rows are written, read back, taken out again, and described."""

from __future__ import annotations

import importlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from n8n_scraper.export.conform import row_conformer
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.layout import Chunk, Layout
from n8n_scraper.items import Column

CHUNK_ROWS = 100
"""Rows that are read at a time."""
Ids = frozenset[int]
JSON_ID = re.compile(rb'\{"id":(\d+)[,}]')
"""How a row in a line begins."""


class Sink(Protocol):
    def write(self, data: Any, /) -> object: ...


class Writer(ABC):
    """Writes one file. ``close`` makes it whole and leaves the sink open; ``abandon`` lets go of it unfinished."""

    def __init__(self, sink: Sink, layout: Layout, *, defuse: bool = True) -> None:
        self.sink = sink
        self.layout = layout
        self.defuse = defuse

    @abstractmethod
    def write(self, chunk: Chunk) -> None: ...

    def close(self) -> None:  # noqa: B027 - a format without an ending has nothing to do
        pass

    def abandon(self) -> None:  # noqa: B027 - most formats hold nothing back
        pass


class BadFile(Exception):
    """The file is not what the contract says; the message says where."""


class Line(NamedTuple):
    id: int
    text: bytes


class Format(NamedTuple):
    """``read`` gives the rows of a file, by ascending id, as the lines the writers would make of them, so that two
    formats agree where their lines are equal. ``without`` writes a file again into a sink without some rows, every
    other byte as it was (Parquet: every other value), and counts them; None: it is not a file of ours, which its first
    bytes tell. Both take constant memory. ``card`` is its part of the dataset card.
    """

    writer: type[Writer]
    read: Callable[[Path, Layout, bool], Iterator[Line]]
    """Path, layout, whether formulas are defused. It raises BadFile."""
    without: Callable[[Path, Sink, Ids], int | None]
    card: Callable[[Sequence[Column], bool], str]
    """Of these columns, and whether formulas are defused."""
    is_appendable: bool = False
    """A file with more rows at its end is still a valid file."""


def how_to_read(name: str, columns: Sequence[Column], defused: bool) -> str:
    """A format's part of the dataset card."""
    return load_format(name).card(columns, defused)


def load_format(name: str) -> Format:
    format_: Format = importlib.import_module(FORMATS[name]).FORMAT
    return format_


def parse(text: bytes) -> Any:
    """Raises:
    ValueError, RecursionError: not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)  # deeper than orjson reads; or it says what is wrong


def read_line(text: bytes, number: int, layout: Layout) -> Line:
    try:
        row = parse(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"line {number} is not JSON: {error}") from None
    if not isinstance(row, dict) or list(row) != layout.names or not isinstance(row["id"], int):
        raise BadFile(f"line {number} has not the columns of the export")
    return Line(row["id"], text)


def lines_of(layout: Layout, columns: list[list[Any]]) -> Iterator[Line]:
    """Columns of values as lines."""
    changed: list[str] = []
    conform = row_conformer(layout.columns, changed.append)
    rows = [conform(values) for values in zip(*columns, strict=True)]
    if changed:
        raise BadFile(f"a value of {changed[0]} is not of its type")
    ids = columns[layout.names.index("id")]
    if None in ids:
        raise BadFile("a row has no id")
    yield from map(Line, ids, layout.chunk(rows).lines)


def keep(sink: Sink, row: bytes, match: re.Match[bytes], ids: Ids) -> bool:
    """Write the row unless it is to go; says whether it is gone."""
    if int(match[1]) in ids:
        return True
    sink.write(row)
    return False
