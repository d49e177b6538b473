"""Scrapy's FEED_EXPORTERS: the feeds of a run in the columns, types and bytes of the snapshot."""

from __future__ import annotations

import logging
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scrapy.exporters import BaseItemExporter

from n8n_scraper.export.conform import row_conformer
from n8n_scraper.export.format import Sink, load_format
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.layout import Chunk, Layout, Row
from n8n_scraper.export.selection import choose_columns
from n8n_scraper.items import WorkflowItem
from n8n_scraper.project import load_config

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

logger = logging.getLogger(__name__)

CHUNK_ROWS = 200
CHUNK_CHARACTERS = 8_000_000
"""Rows are written in chunks, closed at whichever comes first; this bounds the memory of a feed."""


class _Rows:
    """What the feeds of a run with the same columns share: each item becomes a row once, each chunk is encoded once.

    Scrapy hands an item to one feed after the other, so it is enough to remember the last item and the last chunk.
    """

    def __init__(self, columns: tuple[str, ...], *, export_paid: bool) -> None:
        self.layout = Layout(choose_columns(only=columns))
        self.repaired = Counter[str]()
        self._conform = row_conformer(self.layout.columns, lambda column: self.repaired.update([column]))
        self._export_paid = export_paid
        self._item: WorkflowItem | None = None
        self._row: Row = ()
        self._took_it: set[int] = set()
        """The feeds that have the row of the last item; who asks again has another version of it."""
        self._chunk = self.layout.chunk(())

    def row(self, item: WorkflowItem, feed: int) -> Row:
        if item is not self._item or feed in self._took_it:
            self._row = self._conform([self._value(item, name) for name in self.layout.names])
            self._item = item
            self._took_it.clear()
        self._took_it.add(feed)
        return self._row

    def chunk(self, rows: list[Row]) -> Chunk:
        known = self._chunk.rows
        if len(known) != len(rows) or any(one is not other for one, other in zip(known, rows, strict=True)):
            self._chunk = self.layout.chunk(rows)
        return self._chunk

    def _value(self, item: WorkflowItem, name: str) -> Any:
        if name == "workflow" and item.is_paid is not False and not self._export_paid:
            return None
        return getattr(item, name)


_shared: WeakKeyDictionary[Crawler, dict[tuple[str, ...], _Rows]] = WeakKeyDictionary()


class WorkflowItemExporter(BaseItemExporter):
    """Takes WorkflowItems only. ``fields`` may choose columns; encoding and indent are fixed by the contract.

    The JSON of a workflow is withheld unless it is known to be free, or EXPORT_PAID is set.
    """

    format: str

    def __init__(
        self,
        file: Sink,
        *,
        export_paid: bool = False,
        csv_defuse: bool = True,
        crawler: Crawler | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        columns = tuple(self.fields_to_export or ())
        of_crawler = _shared.setdefault(crawler, {}) if crawler else {}
        self._shared = of_crawler.setdefault(columns, _Rows(columns, export_paid=export_paid))
        self._writer = load_format(self.format).writer(file, self._shared.layout, defuse=csv_defuse)
        self._rows: list[Row] = []
        self._characters = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: Sink, **options: Any) -> Self:
        config = load_config(crawler.settings)
        defuse = config.csv_defuse_formulas
        return cls(file, export_paid=config.export_paid, csv_defuse=defuse, crawler=crawler, **options)

    def export_item(self, item: Any) -> None:
        if not isinstance(item, WorkflowItem):
            raise TypeError(f"feeds of this project hold WorkflowItem only, not {type(item).__name__}")
        row = self._shared.row(item, id(self))
        self._rows.append(row)
        self._characters += sum(len(value) for value in row if isinstance(value, str))
        if len(self._rows) >= CHUNK_ROWS or self._characters >= CHUNK_CHARACTERS:
            self._flush()

    def finish_exporting(self) -> None:
        self._flush()
        self._writer.close()
        if repaired := self._shared.repaired:
            logger.warning("Values changed to fit the %s feed, by column: %s", self.format, dict(repaired))

    def _flush(self) -> None:
        if self._rows:
            self._writer.write(self._shared.chunk(self._rows))
        self._rows, self._characters = [], 0


@cache
def exporter(format_: str) -> type[WorkflowItemExporter]:
    """The exporter of a format; in FEED_EXPORTERS it is ``n8n_scraper.exporters.<format>``."""
    return type(f"WorkflowItemExporter_{format_}", (WorkflowItemExporter,), {"format": format_})


def __getattr__(name: str) -> type[WorkflowItemExporter]:
    if name not in FORMATS:
        raise AttributeError(name)
    return exporter(name)
