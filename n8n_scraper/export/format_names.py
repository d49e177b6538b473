"""The formats of exports by name, which is also the suffix of their files. Pure, and quick to import."""

from __future__ import annotations

FORMATS = {
    "json": "n8n_scraper.export.formats.json_array",
    "jsonl": "n8n_scraper.export.formats.json_lines",
    "csv": "n8n_scraper.export.formats.csv_table",
    "parquet": "n8n_scraper.export.formats.parquet_table",
}
"""Name → the module that knows the format: its ``FORMAT`` is a :class:`n8n_scraper.export.format.Format`."""
FEED_FORMATS = {**{name: name for name in FORMATS}, "jsonlines": "jsonl"}
"""Names that feeds may give → formats: Scrapy has two for JSON Lines."""


def file_name(format_: str) -> str:
    """Of the rows in that format."""
    return f"workflows.{format_}"
