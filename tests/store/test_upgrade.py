"""A store that older code made, with rows in it, brought to the schema of today: nothing is lost, and all goes on."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from n8n_scraper.arguments import Arguments
from n8n_scraper.config import Config
from n8n_scraper.site.addresses import Site
from n8n_scraper.store import migrations, raw
from n8n_scraper.store.database import connect, open_database
from n8n_scraper.store.due import fix_ids
from n8n_scraper.store.jobs import open_job

from .test_rows import crawled, write

STORE = Path(migrations.__file__).parent
SITE = Site("https://n8n.io", "https://api.n8n.io")
OLDEST = "0002"
"""Schema of the first code that was in use."""
FILLED = """
insert into store_info (site_url, api_url) values ('https://n8n.io', 'https://api.n8n.io');
insert into observed (id, slug, url, crawl_status, layer1_status, layer2_status, layer3_status, media_status,
    transcripts_status, author_name, author_username, author_verified, categories, created_at, views, recent_views,
    is_paid, price_usd, is_listed, first_seen_at, scraped_at, attempt_count, request_count, service_seconds, run_id)
select n, 'slug', 'https://n8n.io/workflows/' || n || '-slug/', 'complete', 'ok', 'ok', 'ok', 'skipped', 'skipped', 'A',
    'a', true, array['AI'], '2024-05-06T07:08:09.123Z', 5, 0, false, 0, true, '2026-11-01', '2026-11-01', 1, 1, 0.1, 'run'
from generate_series(1, 3) n;
insert into observed_history (id, observed_at, views, recent_views, is_paid, price_usd)
select id, scraped_at, views, recent_views, is_paid, price_usd from observed;
insert into listed (id, url, seen_at) select id, url, scraped_at from observed;
insert into listed_prices (id, is_paid, price_usd, seen_at) select id, false, 0, scraped_at from observed;
insert into jobs (key, arguments, prepared_at) values ('/jobs/old', '{"ids": null}', now());
insert into job_ids (job_id, id, is_done, attempt_count) select 1, id, id < 3, 1 from observed;
insert into runs (run_id, job_id, arguments, settings, versions, started_at) values ('run', 1, '{}', '{}', '{}', now());
insert into rate_gates (site) values ('https://n8n.io');
"""


def older(folder: Path, last: str) -> Path:
    """The migrations up to this one."""
    folder.mkdir()
    for file in sorted(STORE.glob("*.sql")):
        if file.name[:4] <= last:
            shutil.copy(file, folder)
    return folder


def fill(connection: Any) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(FILLED)
        for id in (1, 2, 3):
            item = crawled(id)
            cursor.execute(
                "insert into content (id, source, name, description, workflow, content_hash, changed_at)"
                " values (%s, 'api', %s, %s, %s, %s, '2026-11-01')",
                (id, item.name, item.description, json.dumps(item.workflow), item.content_hash),
            )
            cursor.execute(
                "insert into derived (id, sections, images, node_types, quality_score, quality_missing, parser_version)"
                " values (%s, '[]', '[]', array['t'], 90, array[]::text[], '0')",
                (id,),
            )
            cursor.execute("insert into raw_answers values (%s, 'api', now(), %s)", (id, raw.pack(item.answer or {})))


def rows(connection: Any, columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """Every row of every table, in the columns given."""
    found = {}
    with connection, connection.cursor() as cursor:
        for table, names in columns.items():
            cursor.execute(f"select ({', '.join(names)})::text from {table} order by 1")
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def columns(connection: Any) -> dict[str, list[str]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select table_name, array_agg(column_name::text order by ordinal_position) from information_schema.columns"
            " where table_schema = 'public' and table_name <> 'schema_migrations' group by 1 order by 1"
        )
        return dict(cursor.fetchall())


@pytest.fixture
def upgraded(empty_database_url: str, tmp_path: Path) -> str:
    """The address of a store filled by the oldest code and opened by today's; what it had is there."""
    with closing(psycopg2.connect(empty_database_url)) as connection:
        migrations.migrate(connection, older(tmp_path / "older", OLDEST))
        fill(connection)
        names = columns(connection)
        before = rows(connection, names)
        assert all(before.values()), "every table of the oldest schema has rows"
        view = rows(connection, {"workflow_rows": names["workflow_rows"]})
    with open_database(Config(database_url=empty_database_url)), closing(connect(empty_database_url)) as connection:
        assert rows(connection, {table: names[table] for table in before}) == before | view
        assert len(migrations.applied_migrations(connection)) == len(list(STORE.glob("*.sql")))
    return empty_database_url


def test_a_recrawl_keeps_what_was_there_as_a_former_version(upgraded: str) -> None:
    with closing(connect(upgraded)) as connection:
        decisions = write(connection, crawled(1, name="Edited"), crawled(2), days=30)
        assert [decision.outcome for decision in decisions] == ["changed", "unchanged"]
        with connection, connection.cursor() as cursor:
            cursor.execute("select id, version, differences from former_versions")
            assert cursor.fetchall() == [(1, 1, ["name: “Workflow 1” → “Edited”"])]


def test_a_job_goes_on(upgraded: str) -> None:
    with closing(connect(upgraded)) as connection, connection, connection.cursor() as cursor:
        job = open_job(cursor, "/jobs/old", {})
        left = fix_ids(cursor, job, Arguments.read({}, SITE), {1: SITE.page(1, "slug")}, api_open=True)
    assert [(entry.id, entry.attempt_count) for entry in left] == [(3, 1)]
