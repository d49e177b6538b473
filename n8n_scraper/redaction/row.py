"""A row without the secrets of its answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from n8n_scraper.items import COLUMNS, LAYERS, WorkflowItem
from n8n_scraper.layers.row import from_detail, from_page
from n8n_scraper.redaction.answer import Redacted, redact
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.page import read_page

_ADDRESSES = ("slug", "url", "images", "videos")
"""Columns that other answers than the stored one add to."""
_READ_FROM_ANSWER = (
    *(c.name for c in COLUMNS if c.written in ("content", "derived") and c.name not in ("content_hash", *_ADDRESSES)),
    *("author_name", "author_username", "categories"),
)


def redact_row(item: WorkflowItem, site: Site) -> Redacted:
    """Take the secrets out of an item that carries an answer, in place.

    The columns are read again from the redacted answer, so that they hold nothing that it does not hold; what another
    answer added to them (addresses of the page) is redacted by itself. ``redaction_count`` becomes the number of places
    where something was replaced, in the answer and in what was added. ``content_hash`` stays that of what was
    published; a column that is null stays null.

    Returns the redacted answer and where the secrets were.
    """
    answer = redact(item.answer)
    if answer.findings:
        item.answer = answer.value
        _read_again(item, site)
    added = redact({name: getattr(item, name) for name in _ADDRESSES})
    for name, value in added.value.items():
        setattr(item, name, value)
    findings = answer.findings + added.findings
    item.redaction_count = len(findings)
    return Redacted(item.answer, findings)


def _read_again(item: WorkflowItem, site: Site) -> None:
    again = WorkflowItem(id=item.id)
    layers = [layer for layer, column in LAYERS.items() if getattr(item, column) != "skipped"]
    if isinstance(item.answer, str):
        from_page(again, read_page(item.answer.encode(), "utf-8", site), item.answer, layers)
    elif item.answer is not None:
        from_detail(again, item.answer, layers)
        again.images = [*(again.images or ()), *_seen_on_page(item.images)]
        again.videos = [*(again.videos or ()), *_seen_on_page(item.videos)]
    for name in (*_READ_FROM_ANSWER, "images", "videos"):
        if getattr(item, name) is not None and getattr(again, name) is not None:
            setattr(item, name, getattr(again, name))


def _seen_on_page(rows: Iterable[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return [row for row in rows or () if row["found_in"] == "page"]
