"""Writes a report in its three formats."""

from __future__ import annotations

from pathlib import Path

from n8n_scraper.export.aside import write_aside
from n8n_scraper.report import as_html, as_json, as_markdown
from n8n_scraper.report.document import Document


def write_report(document: Document, folder: Path, name: str = "report") -> list[Path]:
    """``report.html``, ``report.md`` and ``report.json``; returns their paths.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "html": as_html.render(document),
        "md": as_markdown.render(document),
        "json": as_json.render(document),
    }
    paths = []
    for suffix, text in texts.items():
        paths.append(folder / f"{name}.{suffix}")
        write_aside(paths[-1], text)
    return paths
