"""The four formats: chunks of rows → bytes. What they share is in layout.py, so the files agree row by row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from n8n_scraper.export.layout import Chunk, Layout

ROW_GROUP_ROWS = 1000
ROW_GROUP_BYTES = 32_000_000
"""A row group of Parquet is closed at whichever comes first; this bounds the writer's memory."""


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


class JsonLinesWriter(Writer):
    """One object a line; lines end with LF and nothing else does (U+2028 may stand inside)."""

    def write(self, chunk: Chunk) -> None:
        self.sink.write(b"".join([line + b"\n" for line in chunk.lines]))


class JsonWriter(Writer):
    """An array with one row a line, so that it can be read line by line too."""

    def __init__(self, sink: Sink, layout: Layout, *, defuse: bool = True) -> None:
        super().__init__(sink, layout, defuse=defuse)
        self._before = b"[\n"

    def write(self, chunk: Chunk) -> None:
        if chunk.lines:
            self.sink.write(self._before + b",\n".join(chunk.lines))
            self._before = b",\n"

    def close(self) -> None:
        self.sink.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


class CsvWriter(Writer):
    """UTF-8, LF, texts quoted, so that null (nothing) and the empty text (``""``) differ."""

    def __init__(self, sink: Sink, layout: Layout, *, defuse: bool = True) -> None:
        super().__init__(sink, layout, defuse=defuse)
        sink.write(",".join(layout.names).encode() + b"\n")

    def write(self, chunk: Chunk) -> None:
        buffer = pa.BufferOutputStream()
        pa_csv.write_csv(chunk.csv_batch(defuse=self.defuse), buffer, pa_csv.WriteOptions(include_header=False))
        self.sink.write(buffer.getvalue())


class ParquetWriter(Writer):
    """Row groups of about a thousand rows, compressed with zstd."""

    def __init__(self, sink: Sink, layout: Layout, *, defuse: bool = True) -> None:
        super().__init__(sink, layout, defuse=defuse)
        self._output = _Output(sink)
        self._writer = pq.ParquetWriter(self._output, layout.schema, compression="zstd", compression_level=3)
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


WRITERS: dict[str, type[Writer]] = {
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "csv": CsvWriter,
    "parquet": ParquetWriter,
}
"""Format, which is also the suffix of its files → writer."""
