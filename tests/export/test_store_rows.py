from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from typing import Any

import psycopg2
import pytest

from n8n_scraper.export import store_rows
from n8n_scraper.export.layout import Layout, Row
from n8n_scraper.export.selection import Selection, choose_columns
from n8n_scraper.export.store_rows import reading
from n8n_scraper.items import COLUMN_NAMES, WorkflowItem

UTC = timezone.utc
Insert = Callable[..., None]
NewItem = Callable[..., WorkflowItem]


def read(dsn: str, selection: Selection) -> list[Row]:
    changed: list[str] = []
    with reading(dsn) as store:
        rows = [row for chunk in store.chunks(selection, changed.append) for row in chunk]
    assert not changed
    return rows


def fingerprint(dsn: str) -> str:
    with reading(dsn) as store:
        return store.summary(Selection()).fingerprint


def execute(dsn: str, sql: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), [1, 2, 3, 4]),
        (Selection(statuses=("gone", "failed")), [3, 4]),
        (Selection(categories=("ai",)), [1]),
        (Selection(categories=("Sales", "AI")), [1, 2]),
        (Selection(node_types=("Slack",)), [1]),
        (Selection(node_types=("n8n-nodes-base.Slack", "@n8n/n8n-nodes-langchain.agent")), [1, 2]),
        (Selection(node_types=("base.slack",)), []),
        (Selection(min_quality=80.0), [1]),
        (Selection(min_quality=0.0), [1, 2, 3]),
        (Selection(free=True), [1, 3]),
        (Selection(changed_since=datetime(2026, 3, 1, tzinfo=UTC)), [2, 3]),
        (Selection(free=True, min_quality=50.0, statuses=("complete",)), [1]),
    ],
)
def test_filters(selection: Selection, ids: list[int], database_url: str, insert: Insert, new_item: NewItem) -> None:
    march, april = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    agent = ["@n8n/n8n-nodes-langchain.agent"]
    items = [
        new_item(1),
        new_item(2, categories=["Sales"], is_paid=True, quality_score=50.0, changed_at=march, node_types=agent),
        new_item(3, crawl_status="gone", categories=None, node_types=None, quality_score=0.0, gone_at=april),
        new_item(4, crawl_status="failed", content_hash=None, is_paid=None, categories=None),
    ]
    insert(items)
    assert [row[0] for row in read(database_url, selection)] == ids
    with reading(database_url) as store:
        assert sum(store.summary(selection).rows_by_status.values()) == len(ids)


def test_the_json_of_workflows_not_known_to_be_free_is_withheld(
    database_url: str, insert: Insert, new_item: NewItem
) -> None:
    insert([new_item(1), new_item(2, is_paid=True), new_item(3, is_paid=None)])
    columns = choose_columns(only=("workflow",))
    without = read(database_url, Selection(columns=columns))
    assert [row[1] is None for row in without] == [False, True, True]
    including = read(database_url, Selection(columns=columns, include_paid=True))
    assert [row[1] for row in including] == [without[0][1]] * 3


def test_rows_are_as_they_were_stored(database_url: str, insert: Insert, nasty_items: list[WorkflowItem]) -> None:
    insert(nasty_items)
    rows = read(database_url, Selection(include_paid=True))
    assert [row[0] for row in rows] == [item.id for item in nasty_items]
    for row, item in zip(rows, nasty_items, strict=True):
        stored = dict(zip(COLUMN_NAMES, row, strict=True))
        assert (stored["name"], stored["categories"], stored["node_type_counts"], stored["created_at"]) == (
            item.name,
            item.categories,
            item.node_type_counts,
            item.created_at,
        )


def test_rows_with_bad_json_do_not_stop_an_export(database_url: str, insert: Insert, new_item: NewItem) -> None:
    insert([new_item(1)])
    execute(database_url, r"""update derived set links = '{"no": "list"}', sections = '[{"title": "\ud800"}]'""")
    execute(database_url, "update content set workflow = E'{\"a\":\\n 1}'")
    changed: list[str] = []
    columns = choose_columns(only=("links", "sections", "workflow"))
    with reading(database_url) as store:
        [[row]] = store.chunks(Selection(columns=columns), changed.append)
    assert row == (1, [{"level": None, "title": "\ufffd", "text": None}], None, '{"a":  1}')
    assert changed == ["links"]
    assert b"\n" not in Layout(columns).chunk([row]).lines[0]


@pytest.mark.parametrize(
    "change",
    [
        "update observed set views = views + 1 where id = 2",
        "update derived set node_count = 3 where id = 2",
        "update content set name = 'x' where id = 2",
        "delete from observed where id = 2",
        "delete from derived where id = 2",
        "drop view workflow_rows; create view workflow_rows as select id, crawl_status from observed",
    ],
)
def test_the_fingerprint_notices(change: str, database_url: str, insert: Insert, new_item: NewItem) -> None:
    insert([new_item(1), new_item(2)])
    before = fingerprint(database_url)
    execute(database_url, "insert into listed (id, url, seen_at) values (1, 'u', now())")
    assert fingerprint(database_url) == before
    execute(database_url, change)
    assert fingerprint(database_url) != before


def test_chunks_of_large_rows_are_small(
    database_url: str, insert: Insert, new_item: NewItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_rows, "TARGET_CHARACTERS", 50_000)
    insert([new_item(id, description="x" * 10_000) for id in range(1, 61)])
    with reading(database_url) as store:
        sizes = [len(chunk) for chunk in store.chunks(Selection(), lambda _: None)]
    assert sum(sizes) == 60
    assert max(sizes[1:]) < 5


def test_what_is_written_meanwhile_is_not_seen(database_url: str, insert: Insert, new_item: NewItem) -> None:
    insert([new_item(1)])
    with reading(database_url) as store:
        before: Any = store.summary(Selection())
        insert([new_item(2)])
        assert store.summary(Selection()) == before
        assert [len(chunk) for chunk in store.chunks(Selection(), lambda _: None)] == [1]
