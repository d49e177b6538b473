"""Rows in a real Postgres: what stands there after each write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from n8n_scraper.exceptions import StartError
from n8n_scraper.items import COLUMN_NAMES, WorkflowItem
from n8n_scraper.layers.row import from_detail
from n8n_scraper.store import jobs, listings
from n8n_scraper.store.database import connect
from n8n_scraper.store.merge import Decision
from n8n_scraper.store.rows import write_batch
from n8n_scraper.visit import failed_row

THEN = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def connection(database_url: str) -> Iterator[Any]:
    with closing(connect(database_url)) as opened:
        yield opened


def crawled(id: int, **changes: Any) -> WorkflowItem:
    workflow = {
        "id": id, "name": f"Workflow {id}", "views": 5, "totalViews": 5, "recentViews": 0, "description": "## Setup\nDo it.",
        "createdAt": "2024-05-06T07:08:09.123Z", "status": "published", "categories": [{"id": 1, "name": "AI"}],
        "user": {"name": "A", "username": "a", "verified": True}, "image": [],
        "workflow": {"nodes": [{"name": "n", "type": "t", "parameters": {"big": 2**70, "exp": 2.0515453915550058e37}}], "connections": {}},
        **changes,
    }  # fmt: skip
    item = WorkflowItem(
        id=id, run_id="run", attempt_count=1, request_count=1, service_seconds=0.1, is_paid=False, price_usd=0.0
    )
    from_detail(item, workflow, (1, 2, 3))
    item.quality_score, item.quality_band, item.quality_missing = 90.0, "excellent", []
    return item


def write(connection: Any, *items: WorkflowItem, days: int = 0) -> list[Decision]:
    with connection, connection.cursor() as cursor:
        return write_batch(cursor, items, THEN + timedelta(days=days), lambda _: None)


def table(connection: Any, name: str) -> list[dict[str, Any]]:
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(f"select *, xmin::text as written_by from {name} order by id")
        return [dict(row) for row in cursor.fetchall()]


def view(connection: Any) -> list[dict[str, Any]]:
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("select * from workflow_rows order by id")
        return [dict(row) for row in cursor.fetchall()]


def test_the_view_has_the_columns_of_the_contract_in_their_order(connection: Any) -> None:
    write(connection, crawled(1))
    [row] = view(connection)
    assert tuple(row) == COLUMN_NAMES


def test_a_row_comes_back_as_it_went_in(connection: Any) -> None:
    item = crawled(1)
    write(connection, item)
    [row] = view(connection)
    assert row == {name: getattr(item, name) for name in COLUMN_NAMES}
    assert row["workflow"]["nodes"][0]["parameters"] == {"big": 2**70, "exp": 2.0515453915550058e37}


def test_the_same_again_moves_views_and_touches_no_content(connection: Any) -> None:
    write(connection, crawled(1), crawled(2))
    before = {name: table(connection, name) for name in ("content", "raw_answers", "derived")}
    [first, second] = write(connection, crawled(1, views=9, totalViews=9), crawled(2), days=1)
    assert {name: table(connection, name) for name in before} == before
    assert (first.outcome, first.history, second.outcome, second.history) == ("unchanged", True, "unchanged", False)
    assert [row["views"] for row in view(connection)] == [9, 5]
    assert [(row["id"], row["views"]) for row in table(connection, "observed_history")] == [(1, 5), (1, 9), (2, 5)]
    assert [row["scraped_at"] for row in view(connection)] == [THEN + timedelta(days=1)] * 2
    assert [row["changed_at"] for row in view(connection)] == [THEN] * 2


def test_a_changed_workflow_is_written_whole(connection: Any) -> None:
    write(connection, crawled(1))
    [decision] = write(connection, crawled(1, name="Another"), days=1)
    [row] = view(connection)
    assert decision.outcome == "changed"
    assert (row["name"], row["changed_at"], row["first_seen_at"]) == ("Another", THEN + timedelta(days=1), THEN)


def test_a_failure_keeps_the_row_and_the_item_shows_it(connection: Any) -> None:
    write(connection, crawled(1))
    [before] = view(connection)
    failed = failed_row(1, (1, 2, 3), "run2", "server", "status 503")
    write(connection, failed, days=1)
    [row] = view(connection)
    changed = {name for name in row if row[name] != before[name]}
    assert changed == {"error_kind", "error", "run_id", "request_count", "service_seconds"}
    assert row["crawl_status"] == "complete"
    assert {name: getattr(failed, name) for name in COLUMN_NAMES} == row
    write(connection, crawled(1), days=2)
    [row] = view(connection)
    assert (row["error_kind"], row["error"]) == (None, None)


def test_paid_json_is_kept_and_not_shown(connection: Any) -> None:
    item = crawled(1)
    item.is_paid, item.price_usd = True, 20.0
    unknown = crawled(2)
    unknown.is_paid = unknown.price_usd = None
    write(connection, item, unknown)
    assert [row["workflow"] for row in view(connection)] == [None, None]
    assert all(row["workflow"] for row in table(connection, "content"))


@pytest.mark.parametrize("score", [float("nan"), -1.0, 100.5])
def test_a_score_outside_its_range_is_refused_by_the_store(connection: Any, score: float) -> None:
    item = crawled(1)
    item.quality_score = score
    with pytest.raises(psycopg2.IntegrityError):
        write(connection, item)
    assert view(connection) == []


def test_due_ids(connection: Any) -> None:
    gone = failed_row(4, (1, 2, 3), "run", "gone", "status 404")
    gone.layer1_status = gone.layer2_status = gone.layer3_status = "gone"
    closed = crawled(5)
    closed.layer2_status = "disallowed"
    thin = crawled(6)
    thin.layer2_status = thin.layer3_status = "skipped"
    write(connection, crawled(1), failed_row(2, (1, 2, 3), "run", "server", "x"), gone, closed, thin)

    def due(
        refresh: str | float = "missing", layers: tuple[int, ...] = (1, 2, 3), *, api_open: bool = False
    ) -> list[int]:
        with connection, connection.cursor() as cursor:
            return jobs.due_ids(cursor, range(1, 7), layers, refresh, api_open=api_open)

    assert due() == [2, 3, 6]
    assert due(api_open=True) == [2, 3, 5, 6]
    assert due(layers=(1,)) == [2, 3]
    assert due("all") == [1, 2, 3, 4, 5, 6]
    with connection, connection.cursor() as cursor:
        cursor.execute("update observed set scraped_at = now() where id = 1")
    assert due(1.0) == [2, 3, 5, 6]


def test_a_sitemap_that_changed_its_mind(connection: Any) -> None:
    write(connection, crawled(1), crawled(2), crawled(3))

    def see(*ids: int) -> list[int]:
        with connection, connection.cursor() as cursor:
            return listings.replace_sitemap(cursor, {id: f"https://n8n.io/workflows/{id}-x/" for id in ids})

    assert see(1, 2, 3) == []
    assert see(1, 3, 9) == [2]
    assert [row["is_listed"] for row in view(connection)] == [True, False, True]
    assert see(1, 3, 9) == [2], "nobody asked for it yet"
    with connection, connection.cursor() as cursor:
        listings.take_vanished(cursor, [1, 2])
    assert see(1, 3, 9) == []
    with connection, connection.cursor() as cursor:
        cursor.execute("update observed set gone_at = now() where id = 2")
    assert see(1, 2, 3) == [2]
    assert see(1, 2) == [2, 3]


def test_a_job_fixes_its_ids_and_tells_what_is_left(connection: Any, database_url: str) -> None:
    with connection, connection.cursor() as cursor:
        jobs.open_job(cursor, "/jobs/run1", {"limit": 2})  # a start that ended before the ids were fixed
        job = jobs.open_job(cursor, "/jobs/run1", {"limit": 3})
        assert job.arguments == {"limit": 3}
        assert (job.is_prepared, job.is_finished) == (False, False)
        assert not jobs.finish(cursor, job.id), "its ids are not known yet"
        jobs.prepare(cursor, job.id, [jobs.JobId(id) for id in (7, 8, 9)])
        jobs.put_off(cursor, job.id, jobs.JobId(8, 2, 3, THEN))
        jobs.acknowledge(cursor, job.id, [7])
        assert jobs.read_pending(cursor, job.id) == [jobs.JobId(8, 2, 3, THEN), jobs.JobId(9, 0, 0, None)]
        jobs.give_back(cursor, job.id, {8: 5})
        assert jobs.read_pending(cursor, job.id)[0].attempt_count == 0
        assert not jobs.finish(cursor, job.id)
        jobs.acknowledge(cursor, job.id, [8, 9])
        assert jobs.finish(cursor, job.id)
    with (
        closing(connect(database_url)) as other,
        other,
        other.cursor() as cursor,
        pytest.raises(StartError, match="another process"),
    ):
        jobs.open_job(cursor, "/jobs/run1", {})
    connection.close()
    with closing(connect(database_url)) as other, other, other.cursor() as cursor:
        again = jobs.open_job(cursor, "/jobs/run1", {"limit": 99})
        assert (again.is_finished, again.arguments) == (True, {"limit": 3})
