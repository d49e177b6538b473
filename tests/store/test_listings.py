"""The share of the sitemap that has a row."""

from __future__ import annotations

from contextlib import closing

import pytest
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.store.database import connect
from n8n_scraper.store.listings import share_with_row

ROWS = """
insert into listed (id, url, seen_at) select id, 'x', timestamptz '2026-11-23' from generate_series(1, 10) id;
insert into listed (id, url, seen_at) values (99, 'vanished', timestamptz '2026-11-01');
insert into observed (id, crawl_status, layer1_status, layer2_status, layer3_status, media_status,
    transcripts_status, first_seen_at, attempt_count, request_count, service_seconds, run_id)
select id, 'failed', 'ok', 'ok', 'ok', 'skipped', 'skipped', now(), 1, 1, 0.1, 'run' from generate_series(1, 6) id;
insert into jobs (key, arguments) values ('job', '{}');
insert into job_ids (job_id, id) select jobs.id, n from jobs, generate_series(1, 8) n;
"""


def share(cursor: Cursor, *statements: str, continued: bool = False) -> float | None:
    for statement in (ROWS, *statements):
        cursor.execute(statement)
    cursor.execute("select id from jobs")
    job_id = cursor.fetchone()[0]
    return share_with_row(cursor, job_id if continued else None)


@pytest.mark.parametrize(
    ("statements", "continued", "expected"),
    [
        ((), False, 0.6),
        (("insert into forgotten (id, forgotten_at) select id, now() from generate_series(7, 10) id",), False, 1.0),
        ((), True, 0.75),
        (("delete from listed",), False, None),
    ],
)
def test_share(database_url: str, statements: tuple[str, ...], continued: bool, expected: float | None) -> None:
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        assert share(cursor, *statements, continued=continued) == expected
