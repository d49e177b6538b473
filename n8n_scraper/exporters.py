"""Scrapy's FEED_EXPORTERS: the feeds of a run in the columns, types and bytes of the snapshot."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from scrapy.exporters import BaseItemExporter

from n8n_scraper.export.conform import row_conformer
from n8n_scraper.export.layout import Layout, Row
from n8n_scraper.export.selection import choose_columns
from n8n_scraper.export.writers import WRITERS, Sink
from n8n_scraper.items import WorkflowItem
from n8n_scraper.project import load_config

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

logger = logging.getLogger(__name__)

CHUNK_ROWS = 200
CHUNK_CHARACTERS = 8_000_000
"""Rows are written in chunks, closed at whichever comes first; this bounds the memory of a feed."""


class _WorkflowExporter(BaseItemExporter):
    """Takes WorkflowItems only. ``fields`` may choose columns; encoding and indent are fixed by the contract.

    The JSON of a workflow is withheld unless it is known to be free, or EXPORT_PAID is set.
    """

    format: str

    def __init__(self, file: Sink, *, export_paid: bool = False, csv_defuse: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self._layout = Layout(choose_columns(only=tuple(self.fields_to_export or ())))
        self._repaired = Counter[str]()
        self._conform = row_conformer(self._layout.columns, lambda column: self._repaired.update([column]))
        self._export_paid = export_paid
        self._writer = WRITERS[self.format](file, self._layout, defuse=csv_defuse)
        self._rows: list[Row] = []
        self._characters = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: Sink, **options: Any) -> Self:
        config = load_config(crawler.settings)
        return cls(file, export_paid=config.export_paid, csv_defuse=config.csv_defuse_formulas, **options)

    def export_item(self, item: Any) -> None:
        if not isinstance(item, WorkflowItem):
            raise TypeError(f"feeds of this project hold WorkflowItem only, not {type(item).__name__}")
        row = self._conform([self._value(item, name) for name in self._layout.names])
        self._rows.append(row)
        self._characters += sum(len(value) for value in row if isinstance(value, str))
        if len(self._rows) >= CHUNK_ROWS or self._characters >= CHUNK_CHARACTERS:
            self._flush()

    def finish_exporting(self) -> None:
        self._flush()
        self._writer.close()
        if self._repaired:
            logger.warning("Values changed to fit the %s feed, by column: %s", self.format, dict(self._repaired))

    def _value(self, item: WorkflowItem, name: str) -> Any:
        if name == "workflow" and item.is_paid is not False and not self._export_paid:
            return None
        return getattr(item, name)

    def _flush(self) -> None:
        if self._rows:
            self._writer.write(self._layout.chunk(self._rows))
        self._rows, self._characters = [], 0


class JsonItemExporter(_WorkflowExporter):
    format = "json"


class JsonLinesItemExporter(_WorkflowExporter):
    format = "jsonl"


class CsvItemExporter(_WorkflowExporter):
    format = "csv"


class ParquetItemExporter(_WorkflowExporter):
    format = "parquet"
