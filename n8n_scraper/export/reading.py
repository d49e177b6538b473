"""The four formats read back: rows in constant memory, or a sentence about what is wrong with the file.

Each row comes as the line the writers would make of it, so two formats agree where their lines are equal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from n8n_scraper.export.conform import row_conformer
from n8n_scraper.export.formulas import restore
from n8n_scraper.export.layout import Layout
from n8n_scraper.export.row_types import Scalar

CHUNK_ROWS = 100
CHUNK_BYTES = 8_000_000


class BadFile(Exception):
    """The file is not what the contract says; the message says where."""


class Line(NamedTuple):
    id: int
    text: bytes


def read_json_lines(path: Path, layout: Layout, **_: bool) -> Iterator[Line]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                raise BadFile(f"line {number} is not whole")
            yield _line(line[:-1], number, layout)


def read_json(path: Path, layout: Layout, **_: bool) -> Iterator[Line]:
    """The array as the writer lays it out: ``[``, one row a line, ``]``. Each row is parsed, so the whole is valid."""
    with path.open("rb") as file:
        number, line = 1, file.readline()
        if line == b"[]\n" and not file.read(1):
            return
        if line != b"[\n":
            raise BadFile("line 1 does not start an array")
        goes_on = True
        while goes_on:
            number, line = number + 1, file.readline()
            goes_on = line.endswith(b",\n")
            yield _line(line[: -2 if goes_on else -1], number, layout)
        if file.read() != b"]\n":
            raise BadFile(f"line {number + 1} does not end the array")


def read_csv(path: Path, layout: Layout, *, defused: bool) -> Iterator[Line]:
    """Read with the options of the dataset card, some rows at a time, whatever the length of a row."""
    with path.open("rb") as file:
        if file.readline() != ",".join(layout.names).encode() + b"\n":
            raise BadFile("line 1 does not name the columns")
        undo = _csv_undoer(layout, defused=defused)
        for records in _records(file):
            try:
                table = pa_csv.read_csv(pa.BufferReader(records), *_csv_options(layout, len(records)))
                columns = [undo[name](table.column(name)) for name in layout.names]
            except (pa.ArrowInvalid, orjson.JSONDecodeError) as error:
                raise BadFile(str(error)) from None
            yield from _lines(layout, columns)


def read_parquet(path: Path, layout: Layout, **_: bool) -> Iterator[Line]:
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(layout.schema):
                raise BadFile("its columns or their types are not those of the contract")
            for group in range(file.num_row_groups):  # iter_batches keeps what it has read: 6 MB a group
                for batch in file.read_row_group(group).to_batches(max_chunksize=CHUNK_ROWS):
                    yield from _lines(layout, [_values(column) for column in batch.columns])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadFile(str(error)) from None


READERS: dict[str, Callable[..., Iterator[Line]]] = {
    "json": read_json,
    "jsonl": read_json_lines,
    "csv": read_csv,
    "parquet": read_parquet,
}


def _line(text: bytes, number: int, layout: Layout) -> Line:
    try:
        row = parse(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"line {number} is not JSON: {error}") from None
    if not isinstance(row, dict) or list(row) != layout.names or not isinstance(row["id"], int):
        raise BadFile(f"line {number} has not the columns of the export")
    return Line(row["id"], text)


def parse(text: bytes) -> Any:
    """Raises:
    ValueError, RecursionError: not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)  # deeper than orjson reads; or it says what is wrong


def _lines(layout: Layout, columns: list[list[Any]]) -> Iterator[Line]:
    changed: list[str] = []
    conform = row_conformer(layout.columns, changed.append)
    rows = [conform(values) for values in zip(*columns, strict=True)]
    if changed:
        raise BadFile(f"a value of {changed[0]} is not of its type")
    ids = columns[layout.names.index("id")]
    if None in ids:
        raise BadFile("a row has no id")
    yield from map(Line, ids, layout.chunk(rows).lines)


def _values(column: Any) -> list[Any]:
    """Python values; timestamps lose their zone, which is UTC, as not every machine has a database of zones."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"))
    return list(column.to_pylist(maps_as_pydicts="strict"))


def _records(file: Any) -> Iterator[bytes]:
    """Whole CSV records, some at a time: a line ends a record when the quotes so far are even in number."""
    lines: list[bytes] = []
    rows = size = quotes = 0
    for line in file:
        lines.append(line)
        size += len(line)
        quotes += line.count(b'"')
        rows += quotes % 2 == 0
        if quotes % 2 == 0 and (rows >= CHUNK_ROWS or size >= CHUNK_BYTES):
            yield b"".join(lines)
            lines, rows, size, quotes = [], 0, 0, 0
    if lines:
        yield b"".join(lines)


def _csv_options(layout: Layout, size: int) -> tuple[Any, Any, Any]:
    types = {
        name: layout.schema.field(name).type if type_ == Scalar("timestamp") else layout.csv_schema.field(name).type
        for name, type_ in zip(layout.names, layout.types, strict=True)
    }
    return (
        pa_csv.ReadOptions(column_names=layout.names, block_size=size + 1),
        pa_csv.ParseOptions(newlines_in_values=True),
        pa_csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


def _csv_undoer(layout: Layout, *, defused: bool) -> dict[str, Callable[[Any], list[Any]]]:
    """By column: cells → values as the other formats have them."""

    def texts(column: Any) -> list[Any]:
        return [None if cell is None else restore(cell) for cell in column.to_pylist()]

    def parsed(column: Any) -> list[Any]:
        return [None if cell is None else orjson.loads(cell) for cell in column.to_pylist()]

    return {
        name: parsed if not isinstance(type_, Scalar) else texts if defused and type_.name == "text" else _values
        for name, type_ in zip(layout.names, layout.types, strict=True)
    }
