"""JSON Lines: one object a line. Lines end with LF and nothing else does (U+2028 may stand inside)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from n8n_scraper.export.format import JSON_ID, BadFile, Format, Ids, Line, Sink, Writer, keep, read_line
from n8n_scraper.export.layout import Chunk, Layout
from n8n_scraper.items import Column


class JsonLinesWriter(Writer):
    def write(self, chunk: Chunk) -> None:
        self.sink.write(b"".join([line + b"\n" for line in chunk.lines]))


def _read(path: Path, layout: Layout, defused: bool) -> Iterator[Line]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                raise BadFile(f"line {number} is not whole")
            yield read_line(line[:-1], number, layout)


def _without(path: Path, sink: Sink, ids: Ids) -> int | None:
    removed = 0
    with path.open("rb") as file:
        for line in file:
            match = JSON_ID.match(line)
            if match is None:
                return None
            removed += keep(sink, line, match, ids)
    return removed


def _card(columns: Sequence[Column], defused: bool) -> str:
    return _CARD


_CARD = """
JSONL: one object a line. Lines end with LF only: texts hold U+2028 and other characters that `str.splitlines()` takes
for line ends, so iterate over the file instead.

```python
import json

with open("workflows.jsonl", encoding="utf-8", newline="\\n") as file:
    for line in file:
        row = json.loads(line)
```
"""

FORMAT = Format(JsonLinesWriter, _read, _without, _card, is_appendable=True)
