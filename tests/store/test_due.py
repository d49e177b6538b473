"""Which ids a job is made of when stages are asked for: what needs a visit, and what the store has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from typing import Any

import pytest

from n8n_scraper.arguments import Arguments
from n8n_scraper.items import LAYERS, STAGES, WorkflowItem
from n8n_scraper.site.addresses import Site
from n8n_scraper.store import jobs
from n8n_scraper.store.database import connect
from n8n_scraper.store.due import fix_ids, ids_without_site
from n8n_scraper.store.rows import write_batch
from n8n_scraper.visit import failed_row

SITE = Site("https://n8n.io", "https://api.n8n.io")
NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
ROWS = {  # layers 1 to 3, media, transcripts
    1: "ok ok ok skipped skipped",
    2: "ok ok ok ok skipped",
    3: "ok ok ok failed ok",
    4: "ok ok ok blocked missing",
    5: "ok skipped skipped skipped skipped",
    6: "gone gone gone gone gone",
    7: "ok failed ok disallowed missing",
}


def row(id: int, statuses: str) -> WorkflowItem:
    item = failed_row(id, (1, 2, 3), "run", "server", "x")
    for column, status in zip((*LAYERS.values(), *STAGES.values()), statuses.split(), strict=True):
        setattr(item, column, status)
    return item


@pytest.fixture
def connection(database_url: str) -> Iterator[Any]:
    with closing(connect(database_url)) as connection:
        with connection, connection.cursor() as cursor:
            write_batch(cursor, [row(*each) for each in ROWS.items()], NOW, lambda _: None)
        yield connection


def due(connection: Any, **given: str) -> tuple[list[int], list[int]]:
    """Ids to visit, ids whose row is stored."""
    arguments = Arguments.read({"ids": "1,2,3,4,5,6,7,8", **given}, SITE)
    with connection, connection.cursor() as cursor:
        left = fix_ids(cursor, None, arguments, {}, api_open=True)
    return [entry.id for entry in left if not entry.is_stored], [entry.id for entry in left if entry.is_stored]


@pytest.mark.parametrize(
    ("given", "visits", "stored"),
    [
        ({"layers": "1,2,3"}, [5, 7, 8], []),
        ({"layers": "media"}, [5, 8], [1, 3, 4]),
        ({"layers": "transcripts"}, [5, 8], [1, 2]),
        ({"layers": "media,transcripts"}, [5, 8], [1, 2, 3, 4]),
        ({"layers": "1,media"}, [5, 8], [1, 3, 4]),
        ({"layers": "1,2,3,media"}, [5, 7, 8], [1, 3, 4]),
        ({"layers": "1,2,3,media", "limit": "3"}, [], [1, 3, 4]),
        ({"layers": "media", "refresh": "all"}, [5, 8], [1, 2, 3, 4, 6, 7]),
        ({"layers": "1,2,3,media", "refresh": "all"}, [1, 2, 3, 4, 5, 6, 7, 8], []),
    ],
)
def test_what_is_visited_and_what_the_store_has(
    connection: Any, given: dict[str, str], visits: list[int], stored: list[int]
) -> None:
    assert due(connection, **given) == (visits, stored)


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({"ids": "1,2,3", "layers": "media"}, [1, 3]),
        ({"ids": "2", "layers": "media"}, []),
        ({"ids": "1,5", "layers": "media"}, None),
        ({"ids": "1", "layers": "1,media"}, None),
    ],
)
def test_the_site_is_asked_for_nothing_where_the_store_has_all(
    connection: Any, given: dict[str, str], known: list[int] | None
) -> None:
    arguments = Arguments.read(given, SITE)
    with connection, connection.cursor() as cursor:
        job = jobs.open_job(cursor, "/jobs/run1", arguments.as_json())
        left = ids_without_site(cursor, job, arguments)
        again = jobs.open_job(cursor, "/jobs/run1", arguments.as_json())
    assert (None if left is None else [entry.id for entry in left]) == known
    assert again.is_prepared is (known is not None)


def test_without_ids_stages_alone_take_the_store(connection: Any) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute("delete from observed where id in (5, 7)")
        left = ids_without_site(cursor, None, Arguments.read({"layers": "media"}, SITE))
    assert left == [jobs.JobId(id, is_stored=True) for id in (1, 3, 4)]


def test_a_job_goes_on_with_stages_alone_once_all_rows_are_stored(connection: Any) -> None:
    arguments = Arguments.read({"ids": "5,8", "layers": "1,2,3,media"}, SITE)
    with connection, connection.cursor() as cursor:
        job = jobs.open_job(cursor, "/jobs/run1", arguments.as_json())
        fix_ids(cursor, job, arguments, {}, api_open=True)
        job = jobs.open_job(cursor, "/jobs/run1", arguments.as_json())
        jobs.note_stored(cursor, job.id, {5})
        assert ids_without_site(cursor, job, arguments) is None, "8 is not stored yet"
        assert jobs.read_pending(cursor, job.id) == [jobs.JobId(5, is_stored=True), jobs.JobId(8)]
        jobs.note_stored(cursor, job.id, {8})
        assert [entry.id for entry in ids_without_site(cursor, job, arguments) or ()] == [5, 8]
        assert not jobs.finish(cursor, job.id)
        jobs.acknowledge(cursor, job.id, [5, 8])
        assert jobs.finish(cursor, job.id)
