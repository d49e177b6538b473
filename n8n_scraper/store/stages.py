"""Rows and their stages: what stages brought is filled in whenever a row is written, and told when they are through."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from n8n_scraper.items import STAGES, WorkflowItem
from n8n_scraper.store.media_files import fill_media
from n8n_scraper.store.merge import STATUS_COLUMNS, crawl_status
from n8n_scraper.store.transcripts import fill_transcripts
from n8n_scraper.store.values import json_text

STATUSES = (*STAGES.values(), "crawl_status", "error_kind", "error")
_OBSERVED = """
    update observed o set media_status = v.media_status, transcripts_status = v.transcripts_status,
        crawl_status = v.crawl_status, error_kind = v.error_kind, error = v.error
    from (values %s) as v (id, media_status, transcripts_status, crawl_status, error_kind, error) where o.id = v.id
"""
_DERIVED = """
    update derived d set images = v.images, transcripts = v.transcripts
    from (values %s) as v (id, content_hash, images, transcripts) join content c using (id)
    where d.id = v.id and c.content_hash = v.content_hash
        and (d.images::text, d.transcripts::text) is distinct from (v.images::text, v.transcripts::text)
"""
"""Not where another crawl brought other content meanwhile."""


def fill_kept(cursor: Cursor, items: Sequence[WorkflowItem]) -> None:
    """Complete items that carry an inventory with what stages fetched for it, in this run or any earlier one.

    Each stage adds a call here. A status that no longer holds, because the inventory has grown, becomes ``skipped``:
    the new part was never asked for.
    """
    fill_media(cursor, items)
    fill_transcripts(cursor, items)
    for item in items:
        item.crawl_status = crawl_status([getattr(item, column) or "skipped" for column in STATUS_COLUMNS])


def write_stages(cursor: Cursor, items: Sequence[WorkflowItem]) -> None:
    """Write what stages changed in rows that are stored: their statuses, the row's, and the columns they fill."""
    for item in items:
        item.crawl_status = crawl_status([getattr(item, column) or "skipped" for column in STATUS_COLUMNS])
    write_statuses(cursor, items)
    filled = [
        (item.id, item.content_hash, json_text(item.images), json_text(item.transcripts))
        for item in items
        if item.images is not None
    ]
    if filled:
        execute_values(cursor, _DERIVED, filled, template="(%s, %s, %s::json, %s::json)", page_size=len(filled))


def write_statuses(cursor: Cursor, items: Sequence[WorkflowItem]) -> None:
    rows = [(item.id, *(getattr(item, name) for name in STATUSES)) for item in items]
    execute_values(cursor, _OBSERVED, rows, page_size=len(rows))
