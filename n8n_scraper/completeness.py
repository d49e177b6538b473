"""Which columns of a row must have a value: where its source always has one. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from n8n_scraper.items import COLUMNS, LAYERS, STATUS_COLUMNS, WorkflowItem


class _Origin(NamedTuple):
    layer: int
    sources: tuple[str, ...]


_ANY = ("api", "page")
MUST_HAVE: dict[str, _Origin] = {
    "name": _Origin(1, _ANY),
    "url": _Origin(1, _ANY),
    "author_name": _Origin(1, _ANY),
    "author_username": _Origin(1, _ANY),
    "categories": _Origin(1, _ANY),
    "created_at": _Origin(1, ("api",)),
    "views": _Origin(1, ("api",)),
    "is_paid": _Origin(1, _ANY),
    "workflow": _Origin(2, ("api",)),
    "node_count": _Origin(2, ("api",)),
    "description": _Origin(3, _ANY),
}
"""Column → the layer it belongs to, and the sources that have it."""


_BOOKKEEPING = """
    id crawl_status error_kind error content_hash first_seen_at scraped_at changed_at gone_at
    attempt_count request_count service_seconds parser_version run_id
"""
BOOKKEEPING = frozenset({*STATUS_COLUMNS, *_BOOKKEEPING.split()})
"""Columns that say something about the crawl: whether they are filled says nothing about the workflow."""


def expected_columns(item: WorkflowItem) -> list[str]:
    """Columns that must be filled in a row with content; what was not asked for need not be."""
    return [
        name
        for name, origin in MUST_HAVE.items()
        if item.source in origin.sources and getattr(item, LAYERS[origin.layer]) not in {"skipped", "disallowed"}
    ]


def filled_columns(item: WorkflowItem) -> list[str]:
    return [column.name for column in COLUMNS if is_filled(getattr(item, column.name))]


def is_filled(value: Any) -> bool:
    """Neither null nor empty; zero and false are values."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ([], {}, ())
