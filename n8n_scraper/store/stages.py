"""Rows and their stages: what stages brought is filled in whenever a row is written, and told when they are through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from n8n_scraper.items import STAGES, STATUS_COLUMNS, WorkflowItem
from n8n_scraper.store.media_files import fill_media
from n8n_scraper.store.merge import crawl_status
from n8n_scraper.store.transcripts import fill_transcripts
from n8n_scraper.store.values import json_text

FILLS: dict[str, Callable[[Cursor, Sequence[WorkflowItem]], None]] = {
    "images": fill_media,
    "transcripts": fill_transcripts,
}
"""Column that a stage fills → what completes it in items, from what was fetched in this run or any earlier one."""
STATUSES = (*STAGES.values(), "crawl_status", "error_kind", "error")


def _each(form: str, names: Iterable[str]) -> str:
    return ", ".join(form.format(name) for name in names)


_OBSERVED = f"""
    update observed o set {_each("{0} = v.{0}", STATUSES)}
    from (values %s) as v (id, {_each("{}", STATUSES)}) where o.id = v.id
"""  # noqa: S608 - names of items.py
_DERIVED = f"""
    update derived d set {_each("{0} = v.{0}", FILLS)}
    from (values %s) as v (id, content_hash, {_each("{}", FILLS)}) join content c using (id)
    where d.id = v.id and c.content_hash = v.content_hash
        and ({_each("d.{}::text", FILLS)}) is distinct from ({_each("v.{}::text", FILLS)})
"""  # noqa: S608 - names of ours
"""Not where another crawl brought other content meanwhile."""
_DERIVED_VALUES = f"(%s, %s, {_each('%s::json', FILLS)})"


def fill_kept(cursor: Cursor, items: Sequence[WorkflowItem]) -> None:
    """Complete items that carry an inventory with what stages fetched for it, in this run or any earlier one.

    A status that no longer holds, because the inventory has grown, becomes ``skipped``:
    the new part was never asked for.
    """
    for fill in FILLS.values():
        fill(cursor, items)
    for item in items:
        item.crawl_status = crawl_status([getattr(item, column) or "skipped" for column in STATUS_COLUMNS])


def write_stages(cursor: Cursor, items: Sequence[WorkflowItem]) -> None:
    """Write what stages changed in rows that are stored: their statuses, the row's, and the columns they fill."""
    for item in items:
        item.crawl_status = crawl_status([getattr(item, column) or "skipped" for column in STATUS_COLUMNS])
    write_statuses(cursor, items)
    filled = [
        (item.id, item.content_hash, *(json_text(getattr(item, column)) for column in FILLS))
        for item in items
        if item.images is not None
    ]
    if filled:
        execute_values(cursor, _DERIVED, filled, template=_DERIVED_VALUES, page_size=len(filled))


def write_statuses(cursor: Cursor, items: Sequence[WorkflowItem]) -> None:
    rows = [(item.id, *(getattr(item, name) for name in STATUSES)) for item in items]
    execute_values(cursor, _OBSERVED, rows, page_size=len(rows))
