"""Every format read back with other people's readers, and compared with the rows that went in."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from n8n_scraper.export.conform import row_conformer
from n8n_scraper.export.format import load_format
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.formats.parquet_table import ROW_GROUP_ROWS, ParquetWriter
from n8n_scraper.export.formulas import restore
from n8n_scraper.export.layout import Layout, Row
from n8n_scraper.items import COLUMN_NAMES, COLUMNS, WorkflowItem

LAYOUT = Layout(COLUMNS)
JSON_NAMES = [c.name for c in COLUMNS if c.type.startswith(("list", "map", "object"))]
TEXT_NAMES = [c.name for c in COLUMNS if c.type == "text"]
TIME_NAMES = [c.name for c in COLUMNS if c.type == "timestamp"]


def make_rows(items: Sequence[WorkflowItem]) -> list[Row]:
    changed: list[str] = []
    conform = row_conformer(COLUMNS, changed.append)
    rows = [conform([getattr(item, name) for name in COLUMN_NAMES]) for item in items]
    assert not changed
    return rows


def write(format_: str, rows: Sequence[Row], *, chunk_size: int = 7, defuse: bool = True) -> bytes:
    sink = io.BytesIO()
    writer = load_format(format_).writer(sink, LAYOUT, defuse=defuse)
    for start in range(0, len(rows), chunk_size):
        writer.write(LAYOUT.chunk(rows[start : start + chunk_size]))
    writer.close()
    return sink.getvalue()


def expected(items: Sequence[WorkflowItem]) -> list[dict[str, Any]]:
    """Rows as JSON values: what a reader of JSON should see, made without our writers."""
    rows = []
    for item in items:
        row = {name: getattr(item, name) for name in COLUMN_NAMES}
        for image in row["images"] or []:
            for name in ("node_name", "alt", "width", "height", "format", "bytes", "sha256", "path"):
                image.setdefault(name, None)
        rows.append({name: _iso(value) if isinstance(value, datetime) else value for name, value in row.items()})
    return rows


def _iso(moment: datetime) -> str:
    text = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{moment.microsecond:06}Z" if moment.microsecond else f"{text}Z"


def read_jsonl(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def read_parquet(data: bytes) -> list[Any]:
    table = pq.read_table(io.BytesIO(data))
    assert table.schema.equals(LAYOUT.schema)
    return [_unpacked(row, ["workflow"]) for row in table.to_pylist(maps_as_pydicts="strict")]


def read_csv(data: bytes) -> list[Any]:
    types = {c.name: LAYOUT.schema.field(c.name).type for c in COLUMNS} | {name: pa.string() for name in JSON_NAMES}
    table = pa_csv.read_csv(
        io.BytesIO(data),
        pa_csv.ReadOptions(block_size=64 << 20),
        pa_csv.ParseOptions(newlines_in_values=True),
        pa_csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    rows = [_unpacked(row, JSON_NAMES) for row in table.to_pylist()]
    return [row | {name: row[name] and restore(row[name]) for name in TEXT_NAMES} for row in rows]


def _unpacked(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    row |= {name: row[name] and json.loads(row[name]) for name in names}
    return row | {name: row[name] and _iso(row[name]) for name in TIME_NAMES}


READ: dict[str, Callable[[bytes], list[Any]]] = {
    "json": json.loads,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "csv": read_csv,
}


@pytest.mark.parametrize("format_", FORMATS)
def test_each_format_says_what_went_in(format_: str, nasty_items: list[WorkflowItem]) -> None:
    rows = READ[format_](write(format_, make_rows(nasty_items)))
    assert [list(row) for row in rows] == [list(COLUMN_NAMES)] * len(nasty_items)
    for row, wanted in zip(rows, expected(nasty_items), strict=True):
        assert row == wanted
        assert repr(row["service_seconds"]) == repr(wanted["service_seconds"])
        assert repr(row["price_usd"]) == repr(wanted["price_usd"])  # -0.0


@pytest.mark.parametrize("format_", FORMATS)
def test_our_reader_finds_the_lines_of_jsonl(format_: str, nasty_items: list[WorkflowItem], tmp_path: Path) -> None:
    rows = make_rows(nasty_items)
    path = tmp_path / f"workflows.{format_}"
    path.write_bytes(write(format_, rows))
    lines = [line.text for line in load_format(format_).read(path, LAYOUT, True)]
    assert lines == write("jsonl", rows).split(b"\n")[:-1]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_without_rows_is_valid(format_: str, tmp_path: Path) -> None:
    path = tmp_path / f"workflows.{format_}"
    path.write_bytes(write(format_, []))
    assert list(load_format(format_).read(path, LAYOUT, True)) == []
    assert READ[format_](path.read_bytes()) == []


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv"])
def test_the_size_of_chunks_does_not_show(format_: str, nasty_items: list[WorkflowItem]) -> None:
    rows = make_rows(nasty_items)
    assert write(format_, rows, chunk_size=1) == write(format_, rows, chunk_size=1000)


def test_csv_in_bytes(new_item: Callable[..., WorkflowItem]) -> None:
    items = [new_item(1, name='=a"b', slug="", description="- a", categories=[], views=None), WorkflowItem(id=2)]
    data = write("csv", make_rows(items))
    header, first, second, end = data.split(b"\n")
    assert header.decode() == ",".join(COLUMN_NAMES)
    assert first.startswith(b"""1,"'=a""b","",""")
    assert b',"[]","2025-01-02T03:04:05.678901Z",,,0,false,0.30000000000000004,true,"\'- a",' in first
    assert second == b"2" + b"," * (len(COLUMN_NAMES) - 1)
    assert end == b""


def test_csv_without_defusing(new_item: Callable[..., WorkflowItem]) -> None:
    rows = make_rows([new_item(1, name="=1")])
    assert b'1,"=1",' in write("csv", rows, defuse=False)
    assert b"""1,"'=1",""" in write("csv", rows)


def test_parquet_has_groups_of_about_a_thousand_rows(new_item: Callable[..., WorkflowItem]) -> None:
    data = write("parquet", make_rows([new_item(1)]) * 2100, chunk_size=200)
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [1000, 1000, 100]
    assert ROW_GROUP_ROWS == 1000


def test_parquet_given_up_says_nothing_more(new_item: Callable[..., WorkflowItem]) -> None:
    class FullDisk(io.BytesIO):
        def write(self, data: Any, /) -> int:
            if self.tell() > 1000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    writer = ParquetWriter(FullDisk(), LAYOUT)
    writer.write(LAYOUT.chunk(make_rows([new_item(1)])))
    with pytest.raises(OSError, match="No space left"):
        writer.close()
    writer.abandon()
    del writer  # an error while it is collected would fail the test
