"""Files of rows written again without some of them, every other byte as it was (Parquet: every other value).

Constant memory. What is no file of ours is left alone: that is told by its first bytes, not by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from n8n_scraper.export.aside import AsideFile

Ids = frozenset[int]
_JSON_ID = re.compile(rb'\{"id":(\d+)[,}]')
_CSV_ID = re.compile(rb"(\d+)[,\n]")


class Rewritten(NamedTuple):
    bytes: int
    sha256: str
    removed: int
    """Rows that are gone; with 0 the file was left as it was."""


def remove_rows(path: Path, ids: Ids) -> Rewritten | None:
    """Rewrite a file aside and give it its name; None where it is not a file of ours.

    Raises:
        OSError: it cannot be read or written; it is as it was.
    """
    rewrite = _REWRITERS.get(path.suffix[1:])
    if rewrite is None:
        return None
    file = AsideFile(path)
    try:
        removed = rewrite(path, file, ids)
        if removed:
            file.publish()
    finally:
        if not file.closed:
            file.discard()
    return None if removed is None else Rewritten(file.size, file.sha256, removed)


def _json_lines(path: Path, sink: AsideFile, ids: Ids) -> int | None:
    removed = 0
    with path.open("rb") as file:
        for line in file:
            match = _JSON_ID.match(line)
            if match is None:
                return None
            removed += _keep(sink, line, match, ids)
    return removed


def _json(path: Path, sink: AsideFile, ids: Ids) -> int | None:
    removed, before = 0, b"[\n"
    with path.open("rb") as file:
        if file.readline() != b"[\n":
            return None
        for line in file:
            if line == b"]\n":
                break
            match = _JSON_ID.match(line)
            if match is None:
                return None
            if int(match[1]) in ids:
                removed += 1
            else:
                sink.write(before + line.removesuffix(b"\n").removesuffix(b","))
                before = b",\n"
    sink.write(b"[]\n" if before == b"[\n" else b"\n]\n")
    return removed


def _csv(path: Path, sink: AsideFile, ids: Ids) -> int | None:
    removed = 0
    with path.open("rb") as file:
        head = file.readline()
        if not head.startswith((b"id,", b"id\n")):
            return None
        sink.write(head)
        for record in _records(file):
            match = _CSV_ID.match(record)
            if match is None:
                return None
            removed += _keep(sink, record, match, ids)
    return removed


def _records(lines: Iterator[bytes]) -> Iterator[bytes]:
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


def _parquet(path: Path, sink: AsideFile, ids: Ids) -> int | None:
    removed = 0
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            if "id" not in schema.names or schema.field("id").type != pa.int64():
                return None
            with pq.ParquetWriter(sink, schema, compression="zstd", compression_level=3) as writer:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group)
                    kept = table.filter(pc.invert(pc.is_in(table["id"], pa.array(sorted(ids), pa.int64()))))
                    removed += table.num_rows - kept.num_rows
                    if kept.num_rows:
                        writer.write_table(kept, row_group_size=kept.num_rows)
    except pa.ArrowInvalid:
        return None
    return removed


def _keep(sink: AsideFile, row: bytes, match: re.Match[bytes], ids: Ids) -> bool:
    """Write the row unless it is to go; says whether it is gone."""
    if int(match[1]) in ids:
        return True
    sink.write(row)
    return False


_REWRITERS: dict[str, Callable[[Path, Any, Ids], int | None]] = {
    "json": _json,
    "jsonl": _json_lines,
    "csv": _csv,
    "parquet": _parquet,
}
