"""CSV: UTF-8, LF, texts quoted, so that null (nothing) and the empty text (``""``) differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv

from n8n_scraper.export.format import CHUNK_ROWS, BadFile, Format, Ids, Line, Sink, Writer, keep, lines_of
from n8n_scraper.export.formulas import DEFUSED, restore
from n8n_scraper.export.layout import Chunk, Layout, python_values
from n8n_scraper.items import Column
from n8n_scraper.row_types import Scalar

CHUNK_BYTES = 8_000_000
_ID = re.compile(rb"(\d+)[,\n]")


class CsvWriter(Writer):
    def __init__(self, sink: Sink, layout: Layout, *, defuse: bool = True) -> None:
        super().__init__(sink, layout, defuse=defuse)
        sink.write(",".join(layout.names).encode() + b"\n")

    def write(self, chunk: Chunk) -> None:
        buffer = pa.BufferOutputStream()
        pa_csv.write_csv(chunk.csv_batch(defuse=self.defuse), buffer, pa_csv.WriteOptions(include_header=False))
        self.sink.write(buffer.getvalue())


def _read(path: Path, layout: Layout, defused: bool) -> Iterator[Line]:
    """Read with the options of the dataset card, some rows at a time, whatever the length of a row."""
    with path.open("rb") as file:
        if file.readline() != ",".join(layout.names).encode() + b"\n":
            raise BadFile("line 1 does not name the columns")
        undo = _undoer(layout, defused=defused)
        for records in _chunks(_records(file)):
            try:
                table = pa_csv.read_csv(pa.BufferReader(records), *_options(layout, len(records)))
                columns = [undo[name](table.column(name)) for name in layout.names]
            except (pa.ArrowInvalid, orjson.JSONDecodeError) as error:
                raise BadFile(str(error)) from None
            yield from lines_of(layout, columns)


def _without(path: Path, sink: Sink, ids: Ids) -> int | None:
    removed = 0
    with path.open("rb") as file:
        head = file.readline()
        if not head.startswith((b"id,", b"id\n")):
            return None
        sink.write(head)
        for record in _records(file):
            match = _ID.match(record)
            if match is None:
                return None
            removed += keep(sink, record, match, ids)
    return removed


def _records(lines: Iterable[bytes]) -> Iterator[bytes]:
    """A line ends a record when the quotes so far are even in number."""
    record: list[bytes] = []
    quotes = 0
    for line in lines:
        record.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            yield b"".join(record)
            record, quotes = [], 0
    if record:
        yield b"".join(record)


def _chunks(records: Iterable[bytes]) -> Iterator[bytes]:
    """Some records at a time."""
    gathered: list[bytes] = []
    size = 0
    for record in records:
        gathered.append(record)
        size += len(record)
        if len(gathered) >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


def _options(layout: Layout, size: int) -> tuple[Any, Any, Any]:
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


def _undoer(layout: Layout, *, defused: bool) -> dict[str, Callable[[Any], list[Any]]]:
    """By column: cells → values as the other formats have them."""

    def texts(column: Any) -> list[Any]:
        return [None if cell is None else restore(cell) for cell in column.to_pylist()]

    def parsed(column: Any) -> list[Any]:
        return [None if cell is None else orjson.loads(cell) for cell in column.to_pylist()]

    return {
        name: parsed if not isinstance(type_, Scalar) else texts if defused and type_.name == "text" else python_values
        for name, type_ in zip(layout.names, layout.types, strict=True)
    }


def _card(columns: Sequence[Column], defused: bool) -> str:
    typed = [f'    "{c.name}": {_ARROW[c.type]},' for c in columns if c.type in _ARROW]
    nested = [c.name for c in columns if c.type not in {*_ARROW, "text"}]
    texts = [c.name for c in columns if c.type == "text"]
    code = _CARD.format(types="\n".join(typed), nested=_names(nested), texts=_names(texts))
    return code + (_RESTORE.format(pattern=DEFUSED) if defused else "") + "```\n"


def _names(names: list[str]) -> str:
    return "".join(f'\n    "{name}",' for name in names) + ("\n" if names else "")


_ARROW = {
    "int": "pa.int64()",
    "number": "pa.float64()",
    "bool": "pa.bool_()",
    "timestamp": 'pa.timestamp("us", "UTC")',
}

_CARD = """
CSV: UTF-8, LF, `true` and `false`; null is an empty field, the empty text is `""`. Lists, objects and `workflow` are
JSON text. These options give types and nulls back, and take fields with line breaks and rows of up to 64 MB:

```python
import json
import re

import pyarrow as pa
from pyarrow import csv

TYPES = {{
{types}
}}
JSON = [{nested}]
TEXTS = [{texts}]

table = csv.read_csv(
    "workflows.csv",
    read_options=csv.ReadOptions(block_size=64 << 20),
    parse_options=csv.ParseOptions(newlines_in_values=True),
    convert_options=csv.ConvertOptions(
        column_types={{**{{name: pa.string() for name in JSON + TEXTS}}, **TYPES}},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    ),
)
rows = table.to_pylist()
for row in rows:
    for name in JSON:
        row[name] = None if row[name] is None else json.loads(row[name])
"""

_RESTORE = """    # A text that a spreadsheet would run as a formula has an apostrophe in front: strip exactly that one.
    for name in TEXTS:
        row[name] = None if row[name] is None else re.sub(r"{pattern}", "", row[name])
"""

FORMAT = Format(CsvWriter, _read, _without, _card)
