"""The columns of an export as Arrow types, and chunks of rows in the three encodings that the four formats are made of.

Feeds and snapshot go through here, so their files say the same in the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from n8n_scraper.export.formulas import DANGEROUS
from n8n_scraper.iso_time import iso
from n8n_scraper.items import Column
from n8n_scraper.row_types import ListOf, MapOf, Scalar, Type, parse_type

Row = tuple[Any, ...]
"""Values as :func:`n8n_scraper.export.conform.row_conformer` makes them, in the order of the layout's columns."""

_SCALARS = {
    "int": pa.int64(),
    "number": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
    "object": pa.string(),
}


def arrow_type(type_: Type) -> pa.DataType:
    if isinstance(type_, Scalar):
        return _SCALARS[type_.name]
    if isinstance(type_, ListOf):
        return pa.list_(arrow_type(type_.item))
    if isinstance(type_, MapOf):
        return pa.map_(pa.string(), arrow_type(type_.value))
    return pa.struct([(name, arrow_type(field)) for name, field in type_.fields])


class Layout:
    """What the columns of one export are called and typed in each format."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.names = [column.name for column in columns]
        self.types = [parse_type(column.type) for column in columns]
        self.schema = pa.schema([(c.name, arrow_type(t)) for c, t in zip(columns, self.types, strict=True)])
        self.objects = [name for name, type_ in zip(self.names, self.types, strict=True) if type_ == Scalar("object")]
        """Columns whose values are JSON text already."""

    @cached_property
    def csv_schema(self) -> pa.Schema:
        """Arrow types as CSV holds them: what is nested is JSON text, timestamps are ISO 8601 text."""
        return pa.schema([(f.name, pa.string() if _is_text_in_csv(f.type) else f.type) for f in self.schema])

    def chunk(self, rows: Sequence[Row]) -> Chunk:
        return Chunk(self, rows)


class Chunk:
    """Some rows; each encoding is made once, when the first format asks for it."""

    def __init__(self, layout: Layout, rows: Sequence[Row]) -> None:
        self.layout = layout
        self.rows = rows
        self._values: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(layout.names)

    @cached_property
    def lines(self) -> list[bytes]:
        """Each row as a JSON object in one line, without its end."""
        names, objects = self.layout.names, self.layout.objects
        lines = []
        for row in self.rows:
            record = dict(zip(names, row, strict=True))
            for name in objects:
                if record[name] is not None:
                    record[name] = orjson.Fragment(record[name])  # not parsed again: big numbers stay exact
            lines.append(orjson.dumps(record, option=orjson.OPT_UTC_Z))
        return lines

    @cached_property
    def batch(self) -> pa.RecordBatch:
        schema = self.layout.schema
        arrays = [pa.array(values, type_) for values, type_ in zip(self._values, schema.types, strict=True)]
        return pa.record_batch(arrays, schema=schema)

    def csv_batch(self, *, defuse: bool) -> pa.RecordBatch:
        cells = [self._cells(position, defuse=defuse) for position in range(len(self.layout.names))]
        return pa.record_batch(cells, schema=self.layout.csv_schema)

    def _cells(self, position: int, *, defuse: bool) -> pa.Array:
        type_, values = self.layout.types[position], self._values[position]
        if not isinstance(type_, Scalar):
            return pa.array([None if v is None else orjson.dumps(v).decode() for v in values], pa.string())
        if type_.name == "timestamp":
            return pa.array([None if v is None else iso(v) for v in values], pa.string())
        cells = self.batch.column(position)
        return _defuse(cells) if defuse and type_.name == "text" else cells


def _is_text_in_csv(type_: pa.DataType) -> bool:
    return bool(pa.types.is_nested(type_) or pa.types.is_timestamp(type_))


def _defuse(cells: pa.Array) -> pa.Array:
    """:func:`n8n_scraper.export.formulas.defuse` over a column."""
    dangerous = pc.match_substring_regex(cells, DANGEROUS)
    if not pc.any(dangerous).as_py():
        return cells
    return pc.if_else(dangerous, pc.binary_join_element_wise("'", cells, ""), cells)


def python_values(column: Any) -> list[Any]:
    """Of an Arrow column; timestamps lose their zone, which is UTC, as not every machine has a database of zones."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"))
    return list(column.to_pylist(maps_as_pydicts="strict"))
