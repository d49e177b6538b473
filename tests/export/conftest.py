"""Rows that stumble careless writers and readers, and a store filled with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import psycopg2
import pytest

from n8n_scraper.export.json_text import encode_json
from n8n_scraper.items import COLUMNS, STAGES, WorkflowItem

UTC = timezone.utc
SKIPPED: Any = dict.fromkeys(STAGES.values(), "skipped")
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1", "'", "'tis", "'-", "''", "-"]
ODD_TEXTS = [
    'say "hi"',
    "a,b;c",
    "line\nline\r\nline\rline",
    "\u2028 \u2029 \u0085",
    "🤖 ü 漢",
    r"\u0000 \n",
    " ",
    "null",
    "1",
]


def make_item(id: int = 1, **values: Any) -> WorkflowItem:
    """A complete free workflow with a value in every column."""
    item = WorkflowItem(
        id=id,
        name="Name",
        slug="name",
        url=f"https://n8n.io/workflows/{id}-name/",
        crawl_status="complete",
        layer1_status="ok",
        layer2_status="ok",
        layer3_status="ok",
        author_name="Ada",
        author_username="ada",
        author_verified=True,
        categories=["AI", "Other"],
        created_at=datetime(2025, 1, 2, 3, 4, 5, 678901, UTC),
        views=2**53 + 1,
        recent_views=0,
        is_paid=False,
        price_usd=0.1 + 0.2,
        is_listed=True,
        description="# Title\n\ntext",
        explainer_text="Title text",
        sections=[{"level": 1, "title": "Title", "text": "text"}],
        links=[{"url": "https://example.com/?a=1&b=2", "text": None}],
        code_blocks=[],
        sticky_notes=[{"node_name": "Note 🤖", "text": ""}],
        images=[{"url": "https://example.com/i.png", "found_in": "description", "bytes": 2**40, "width": None}],
        videos=[],
        transcripts=None,
        node_count=2,
        sticky_note_count=1,
        connection_count=1,
        node_types=["n8n-nodes-base.set", "n8n-nodes-base.slack"],
        node_type_counts={"n8n-nodes-base.set": 1, "🤖": 2},
        workflow={"nodes": [{"name": "Set", "big": 2**63 + 1, "small": 1e-300}], "connections": {"🤖": {}}},
        quality_score=99.5,
        quality_band="excellent",
        quality_missing=[],
        redaction_count=0,
        content_hash="0" * 64,
        first_seen_at=datetime(2026, 1, 1, tzinfo=UTC),
        scraped_at=datetime(2026, 1, 1, 0, 0, 0, 1, UTC),
        changed_at=datetime(2026, 1, 1, tzinfo=UTC),
        attempt_count=1,
        request_count=2,
        service_seconds=1e-7,
        parser_version="1",
        run_id="20260101T000000Z-0000",
        **SKIPPED,
    )
    return replace(item, **values)


def make_nasty_items() -> list[WorkflowItem]:
    texts = ["", *FORMULAS, *ODD_TEXTS, "x" * 500_000, "\n" * 1000]
    items = [make_item(id, name=text, description=text, error=text) for id, text in enumerate(texts, 1)]
    last = len(items)
    items += [
        WorkflowItem(
            id=last + 1,
            crawl_status="failed",
            layer1_status="failed",
            layer2_status="failed",
            layer3_status="failed",
            error_kind="timeout",
            first_seen_at=datetime(2026, 1, 1, tzinfo=UTC),
            attempt_count=4,
            request_count=4,
            service_seconds=0.0,
            run_id="r",
            **SKIPPED,
        ),
        make_item(last + 2, is_paid=True, price_usd=20.0),
        make_item(last + 3, is_paid=None, price_usd=None),
        make_item(last + 4, categories=[], node_types=[], node_type_counts={}, sections=[], workflow={}),
        make_item(last + 5, categories=["", "=1", 'a"b\n'], node_type_counts={"": 1, "=1": 2, 'a"b\n': 3}),
        make_item(last + 6, price_usd=-0.0, service_seconds=5e-324, quality_score=100.0, views=0),
        make_item(last + 7, workflow={"a": [2**64, -(2**80), 1e308, {"": None, "'=": "\u2028"}], "t": "x" * 500_000}),
        make_item(2**62, name="largest id"),
    ]
    return items


@pytest.fixture
def nasty_items() -> list[WorkflowItem]:
    return make_nasty_items()


@pytest.fixture
def new_item() -> Callable[..., WorkflowItem]:
    return make_item


@pytest.fixture
def insert(database_url: str) -> Callable[[Iterable[WorkflowItem]], None]:
    """Puts items into the store as they are, and gives the store a site and a run."""

    def insert(items: Iterable[WorkflowItem]) -> None:
        with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(
                "insert into store_info (site_url, api_url) values ('http://s', 'http://a') on conflict do nothing"
            )
            for item in items:
                _insert(cursor, "observed", item, {})
                if item.content_hash:
                    _insert(cursor, "content", item, {"source": "api"})
                    _insert(cursor, "derived", item, {})

    return insert


def _insert(cursor: Any, table: str, item: WorkflowItem, more: dict[str, Any]) -> None:
    columns = {c.name: c.type for c in COLUMNS if c.written in (table, "key")}
    values = [_stored(getattr(item, name), type_) for name, type_ in columns.items()] + list(more.values())
    names = ", ".join([*columns, *more])
    cursor.execute(f"insert into {table} ({names}) values ({', '.join(['%s'] * len(values))})", values)


def _stored(value: Any, type_: str) -> Any:
    is_json = type_ == "object" or "{" in type_ or type_.startswith("map")
    return encode_json(value) if is_json and value is not None else value
