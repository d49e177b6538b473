"""What a crawl's item does to the row that is already there. Pure: decides, writes nothing.

A failure or a skipped layer never replaces stored content or a layer that was ok. A null never replaces something
known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from n8n_scraper.items import ANSWERED, COLUMNS, LAYERS, STATUS_COLUMNS, WorkflowItem

_KEPT = frozenset(
    column.name
    for column in COLUMNS
    if column.written == "observed"
    and column.name
    not in {
        *STATUS_COLUMNS,
        *("crawl_status", "error_kind", "error", "gone_at"),
        *("attempt_count", "request_count", "service_seconds", "run_id"),
    }
)
"""Observed columns where the last known value stays when a crawl brings none."""
HISTORY_COLUMNS = ("views", "recent_views", "is_paid", "price_usd")


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of an id before a batch is written: the observed row, and the marks of content and
    derived.
    """

    observed: dict[str, Any]
    source: str | None
    content_hash: str | None
    changed_at: datetime | None
    stored_layers: frozenset[int]
    """Layers whose content the row holds."""
    parser_version: str | None
    quality: tuple[float | None, list[str] | None]


@dataclass(frozen=True, slots=True)
class Decision:
    """Which tables a merged item is written to."""

    content: bool
    derived: bool
    history: bool
    outcome: str
    """What happened to the content: ``new``, ``changed``, ``unchanged``, ``none`` (this crawl brought none) or
    ``forgotten`` (the workflow was taken down, and nothing is written).
    """
    turn: str | None = None
    """``gone``: it was there before; ``back``: it was gone before."""


FORGOTTEN = Decision(content=False, derived=False, history=False, outcome="forgotten")


def merge(item: WorkflowItem, known: Known | None, now: datetime, rescore: Callable[[WorkflowItem], None]) -> Decision:
    """Complete ``item`` in place to the row as it will stand, and say what has to be written.

    ``rescore`` gives the item its quality again, as it depends on what was kept from the row.
    """
    brought = item.source is not None and not (known and known.source == "api" and item.source == "page")
    _merge_statuses(item, known)
    _merge_observed(item, known, now)
    if brought and known:
        rescore(item)
    outcome = _content_outcome(item, known) if brought else "none"
    if outcome in {"new", "changed"}:
        item.changed_at = now
    elif known:
        item.changed_at, item.content_hash = known.changed_at, known.content_hash
    write_content = outcome in {"new", "changed"} or (brought and known is not None and _has_more_layers(item, known))
    return Decision(
        content=write_content,
        derived=brought and (write_content or known is None or _is_derived_anew(item, known)),
        history=known is None or any(getattr(item, name) != known.observed[name] for name in HISTORY_COLUMNS),
        outcome=outcome,
        turn=_turn(item, known),
    )


def crawl_status(statuses: list[str]) -> str:
    """Status of a row from its layers; layers never asked for do not count."""
    asked = [status for status in statuses if status != "skipped"]
    if all(status == "gone" for status in asked):
        return "gone"
    if all(status in ANSWERED for status in asked):
        return "complete"
    return "partial" if any(status in ANSWERED for status in asked) else "failed"


def carried_layers(item: WorkflowItem) -> frozenset[int]:
    """Layers of which the item carries content."""
    return frozenset(layer for layer, column in LAYERS.items() if getattr(item, column) in ANSWERED)


def _merge_statuses(item: WorkflowItem, known: Known | None) -> None:
    """Put the merged statuses into ``item``."""
    is_gone = all(getattr(item, column) == "gone" for column in LAYERS.values())
    for column in STATUS_COLUMNS:
        old = known.observed[column] if known else "skipped"
        new = getattr(item, column) or "skipped"
        if is_gone and old != "skipped":
            new = "gone"
        setattr(item, column, old if _keeps(old, new) else new)
    item.crawl_status = crawl_status([getattr(item, column) for column in STATUS_COLUMNS])


def _keeps(old: str, new: str) -> bool:
    if new == "gone" or old == "skipped":
        return False
    if new == "skipped":
        return old != "gone"
    return old in ANSWERED | {"gone"} and new not in ANSWERED


def _merge_observed(item: WorkflowItem, known: Known | None, now: datetime) -> None:
    if item.source is not None:
        item.scraped_at = now
    item.first_seen_at = known.observed["first_seen_at"] if known else now
    if known:
        for name in _KEPT:
            if getattr(item, name) is None:
                setattr(item, name, known.observed[name])
    was_gone = known.observed["gone_at"] if known else None
    item.gone_at = (was_gone or now) if item.crawl_status == "gone" else None


def _content_outcome(item: WorkflowItem, known: Known | None) -> str:
    if known is None or known.content_hash is None:
        return "new"
    return "unchanged" if known.content_hash == item.content_hash else "changed"


def _turn(item: WorkflowItem, known: Known | None) -> str | None:
    if known is None or bool(known.observed["gone_at"]) == bool(item.gone_at):
        return None
    return "gone" if item.gone_at else "back"


def _has_more_layers(item: WorkflowItem, known: Known) -> bool:
    """The same content, now asked for in full: a layer skipped before, or the API's answer where only the page was
    known.
    """
    return bool(carried_layers(item) - known.stored_layers) or item.source != known.source


def _is_derived_anew(item: WorkflowItem, known: Known) -> bool:
    return known.parser_version != item.parser_version or known.quality != (item.quality_score, item.quality_missing)


def item_from_row(row: dict[str, Any]) -> WorkflowItem:
    """A row of ``workflow_rows`` as an item; unknown keys are refused by the dataclass."""
    names = {field.name for field in fields(WorkflowItem)}
    return WorkflowItem(**{name: value for name, value in row.items() if name in names})
