"""Images kept by address, and rows filled from there whenever they are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.media import Fetched
from n8n_scraper.layers.row import from_detail
from n8n_scraper.site.addresses import Site
from n8n_scraper.store.database import connect
from n8n_scraper.store.media_files import keep, read_fetched
from n8n_scraper.store.reparse import reparse
from n8n_scraper.store.rows import read_items, write_batch
from n8n_scraper.store.stages import write_stages

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
SITE = Site("https://n8n.io", "https://api.n8n.io")
A, B = "https://images.test/a.png", "https://images.test/b.png"
HERE = Fetched(A, None, None, 3, 2, "png", 70, "ab12", "media/ab/ab12.png")


@pytest.fixture
def connection(database_url: str) -> Iterator[Any]:
    with closing(connect(database_url)) as opened:
        yield opened


def crawled(*images: str, media_status: str | None = None) -> WorkflowItem:
    item = WorkflowItem(id=1, run_id="run", attempt_count=1, request_count=1, service_seconds=0.1, is_paid=False)
    shown = "".join(f"![x]({url})\n" for url in images)
    workflow = {"id": 1, "name": "A name", "description": f"## Setup\n{shown}", "workflow": {"nodes": []}}
    from_detail(item, workflow, (1, 2, 3))
    item.media_status = media_status
    return item


def write(connection: Any, item: WorkflowItem, days: int = 0) -> WorkflowItem:
    with connection, connection.cursor() as cursor:
        write_batch(cursor, [item], NOW + timedelta(days=days), lambda _: None)
    return item


def stored(connection: Any) -> WorkflowItem:
    with connection, connection.cursor() as cursor:
        [item] = read_items(cursor, [1])
    return item


def remember(connection: Any, *fetched: Fetched) -> None:
    with connection, connection.cursor() as cursor:
        for each in fetched:
            keep(cursor, each, NOW)


def staged(connection: Any, media_status: str) -> None:
    item = stored(connection)
    item.media_status = media_status
    with connection, connection.cursor() as cursor:
        write_stages(cursor, [item])


def paths(item: WorkflowItem) -> list[str | None]:
    return [image["path"] for image in item.images or ()]


def test_an_address_of_any_length_is_kept_once(connection: Any) -> None:
    long = "https://images.test/" + "é" * 4000
    remember(connection, Fetched(long, "server", "status 500"), HERE._replace(url=long), HERE._replace(url=long))
    with connection, connection.cursor() as cursor:
        assert read_fetched(cursor, [long, A]) == {long: HERE._replace(url=long, fetched_at=NOW)}


def test_a_file_is_not_given_up_for_a_failure(connection: Any) -> None:
    remember(connection, HERE, Fetched(A, "gone", "status 404"), Fetched(B, "gone", "status 404"), HERE._replace(url=B))
    here = HERE._replace(fetched_at=NOW)
    with connection, connection.cursor() as cursor:
        assert read_fetched(cursor, [A, B]) == {A: here, B: here._replace(url=B)}


def test_a_row_is_filled_when_a_crawl_writes_it_and_its_status_stays(connection: Any) -> None:
    remember(connection, HERE)
    item = write(connection, crawled(A, B))
    assert paths(item) == paths(stored(connection)) == ["media/ab/ab12.png", None]
    assert item.media_status == "skipped", "nobody asked for the layer"


def test_another_crawl_keeps_what_the_stage_filled_in(connection: Any) -> None:
    write(connection, crawled(A))
    remember(connection, HERE)
    staged(connection, "ok")
    again = write(connection, crawled(A), days=1)
    assert (again.media_status, paths(again)) == ("ok", ["media/ab/ab12.png"]), "for the feed"
    assert (stored(connection).media_status, stored(connection).crawl_status) == ("ok", "complete")


def test_an_image_that_came_later_was_never_asked_for(connection: Any) -> None:
    write(connection, crawled(A))
    remember(connection, HERE)
    staged(connection, "ok")
    write(connection, crawled(A, B), days=1)
    assert stored(connection).media_status == "skipped"
    remember(connection, HERE._replace(url=B))
    staged(connection, "ok")
    write(connection, crawled(A), days=2)
    assert stored(connection).media_status == "ok"


def test_what_a_stage_writes_does_not_undo_another_crawl(connection: Any) -> None:
    write(connection, crawled(A))
    before = stored(connection)
    write(connection, crawled(B), days=1)
    before.media_status = "ok"
    with connection, connection.cursor() as cursor:
        write_stages(cursor, [before])
    assert [image["url"] for image in stored(connection).images or ()] == [B]


def test_a_reparse_fills_rows_and_changes_nothing_else(connection: Any) -> None:
    write(connection, crawled(A))
    remember(connection, HERE)
    with connection, connection.cursor() as cursor:
        assert reparse(cursor, SITE, lambda _: None, lambda _: None).changed == 1
        assert reparse(cursor, SITE, lambda _: None, lambda _: None).changed == 0
    assert paths(stored(connection)) == ["media/ab/ab12.png"]
    staged(connection, "ok")
    with connection, connection.cursor() as cursor:
        assert reparse(cursor, SITE, lambda _: None, lambda _: None).changed == 0
    assert stored(connection).media_status == "ok"
