"""Parquet: typed; row groups of about a thousand rows, compressed with zstd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from n8n_scraper.export.format import CHUNK_ROWS, BadFile, Format, Ids, Line, Sink, Writer, lines_of
from n8n_scraper.export.layout import Chunk, Layout, python_values
from n8n_scraper.items import Column

ROW_GROUP_ROWS = 1000
ROW_GROUP_BYTES = 32_000_000
"""A row group is closed at whichever comes first; this bounds the writer's memory."""


class ParquetWriter(Writer):
    def __init__(self, sink: Sink, layout: Layout, *, defuse: bool = True) -> None:
        super().__init__(sink, layout, defuse=defuse)
        self._output = _Output(sink)
        self._writer = _open(self._output, layout.schema)
        self._group: list[pa.RecordBatch] = []

    def write(self, chunk: Chunk) -> None:
        self._group.append(chunk.batch)
        rows, size = sum(b.num_rows for b in self._group), sum(b.nbytes for b in self._group)
        if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        if self._group:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Arrow writes its footer when it is collected: let that go nowhere."""
        self._output.is_muted = True
        self._writer.close()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._group)
        self._group = []
        self._writer.write_table(table, row_group_size=table.num_rows)


class _Output:
    """A sink as Arrow wants files to be. It counts by itself: a feed's sink may compress, or be a pipe."""

    closed = False

    def __init__(self, sink: Sink) -> None:
        self.is_muted = False
        self._sink = sink
        self._position = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        if not self.is_muted:
            self._sink.write(data)
        self._position += size
        return size

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Nothing is held back here."""

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def _open(sink: Any, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(sink, schema, compression="zstd", compression_level=3)


def _read(path: Path, layout: Layout, defused: bool) -> Iterator[Line]:
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(layout.schema):
                raise BadFile("its columns or their types are not those of the contract")
            for group in range(file.num_row_groups):  # iter_batches keeps what it has read: 6 MB a group
                for batch in file.read_row_group(group).to_batches(max_chunksize=CHUNK_ROWS):
                    yield from lines_of(layout, [python_values(column) for column in batch.columns])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadFile(str(error)) from None


def _without(path: Path, sink: Sink, ids: Ids) -> int | None:
    removed = 0
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            if "id" not in schema.names or schema.field("id").type != pa.int64():
                return None
            with _open(sink, schema) as writer:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group)
                    kept = table.filter(pc.invert(pc.is_in(table["id"], pa.array(sorted(ids), pa.int64()))))
                    removed += table.num_rows - kept.num_rows
                    if kept.num_rows:
                        writer.write_table(kept, row_group_size=kept.num_rows)
    except pa.ArrowInvalid:
        return None
    return removed


def _card(columns: Sequence[Column], defused: bool) -> str:
    return _CARD


_CARD = """
Parquet: typed, compressed, and only the columns asked for are read. `workflow` is JSON text.

```python
import pyarrow.parquet as pq

table = pq.read_table("workflows.parquet", columns=["id"])
for batch in pq.ParquetFile("workflows.parquet").iter_batches(batch_size=200):
    for row in batch.to_pylist(maps_as_pydicts="strict"):
        pass
```
"""

FORMAT = Format(ParquetWriter, _read, _without, _card)
