"""JSON: an array with one row a line, so that it can be read line by line too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from n8n_scraper.export.format import JSON_ID, BadFile, Format, Ids, Line, Sink, Writer, read_line
from n8n_scraper.export.layout import Chunk, Layout
from n8n_scraper.items import Column


class JsonWriter(Writer):
    def __init__(self, sink: Sink, layout: Layout, *, defuse: bool = True) -> None:
        super().__init__(sink, layout, defuse=defuse)
        self._before = b"[\n"

    def write(self, chunk: Chunk) -> None:
        if chunk.lines:
            self.sink.write(self._before + b",\n".join(chunk.lines))
            self._before = b",\n"

    def close(self) -> None:
        self.sink.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


def _read(path: Path, layout: Layout, defused: bool) -> Iterator[Line]:
    """The array: ``[``, one row a line, ``]``. Each row is parsed, so the whole is valid."""
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
            yield read_line(line[: -2 if goes_on else -1], number, layout)
        if file.read() != b"]\n":
            raise BadFile(f"line {number + 1} does not end the array")


def _without(path: Path, sink: Sink, ids: Ids) -> int | None:
    removed, before = 0, b"[\n"
    with path.open("rb") as file:
        if file.readline() != b"[\n":
            return None
        for line in file:
            if line == b"]\n":
                break
            match = JSON_ID.match(line)
            if match is None:
                return None
            if int(match[1]) in ids:
                removed += 1
            else:
                sink.write(before + line.removesuffix(b"\n").removesuffix(b","))
                before = b",\n"
    sink.write(b"[]\n" if before == b"[\n" else b"\n]\n")
    return removed


def _card(columns: Sequence[Column], defused: bool) -> str:
    return _CARD


_CARD = """
JSON: one array, with one row a line. Read whole it takes several times its size in memory; the other formats do not.

```python
import json

with open("workflows.json", encoding="utf-8") as file:
    rows = json.load(file)
```
"""

FORMAT = Format(JsonWriter, _read, _without, _card)
