"""A store as large as wanted: some real rows by the crawler's own code, and copies of them made by Postgres.

Copies differ where questions look: id, author, dates, views, status, quality. Their texts and JSON are those of the row
they were copied from, so the words of full text are as frequent as in the library, at any size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.config import Config
from n8n_scraper.items import WorkflowItem
from n8n_scraper.pipelines.quality import apply_score
from n8n_scraper.redaction.row import redact_row
from n8n_scraper.replica.corpus import CorpusLibrary
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.library import Library, listed
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.detail import read_detail
from n8n_scraper.store.batches import MAX_ROWS
from n8n_scraper.store.rows import CONTENT, DERIVED, OBSERVED, write_batch
from n8n_scraper.visit import Visit, Wanted

MOST_ORIGINALS = 2000
"""Rows that are made by the crawler's own code, at most."""
FIRST_COPY = 10_000_000
RUN = "load-0000"
CHECKPOINTS_A_RUN, RUNS = 500, 40
_ANSWER = b'{"workflow":%s}'


def fill(connection: Connection, rows: int, *, seed: int, corpus: Path | None, originals: int = MOST_ORIGINALS) -> None:
    """Fill an empty, migrated store with ``rows`` workflows and what the crawler keeps beside them."""
    with connection, connection.cursor() as cursor:
        cursor.execute("select setseed(%s)", (seed % 1000 / 1000,))
        count = write_originals(cursor, min(rows, originals), seed=seed, corpus=corpus)
        _copy(cursor, rows - count)
        for statement in _BESIDE:
            cursor.execute(statement, {"run": RUN, "runs": RUNS, "checkpoints": CHECKPOINTS_A_RUN})
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
    connection.autocommit = False


def write_originals(cursor: Cursor, count: int, *, seed: int, corpus: Path | None) -> int:
    """The first rows of the library, written as a crawl writes them; how many there are."""
    config = Config()
    rescore = partial(apply_score, weights=config.quality_weights)
    items = make_items(count, seed=seed, corpus=corpus)
    written = 0
    while batch := list(islice(items, MAX_ROWS)):
        for item in batch:
            rescore(item)
        write_batch(cursor, batch, datetime.now(timezone.utc), rescore)
        written += len(batch)
    return written


def make_items(count: int, *, seed: int, corpus: Path | None) -> Iterator[WorkflowItem]:
    """Rows as a crawl makes them of the library's answers."""
    site = Site(Config().site_url, Config().api_url)
    recipe = Recipe(count=count, seed=seed, icons=0)
    library: Library = (
        GeneratedLibrary(recipe) if corpus is None else CorpusLibrary(corpus, seed=seed, paid=recipe.paid)
    )
    with closing(library):
        for entry in islice(listed(library), count):
            price = (entry.price is not None, entry.price or 0.0)
            address = site.page(entry.id, entry.slug)
            visit = Visit(id=entry.id, wanted=Wanted(layers=(1, 2, 3), address=address, is_listed=True, price=price))
            visit.take("detail", read_detail(_ANSWER % library.answer(entry.id), entry.id))
            item = visit.row(RUN)
            redact_row(item, site)
            yield item


_COPIES = f"""
create temporary table copies on commit drop as
select {FIRST_COPY} + n as id,
    (select array_agg(id) from observed)[1 + n %% (select count(*) from observed)] as original,
    random() as fate, random() as fame, random() as age, random() as freshness, random() as worth, n %% 7 as variant
from generate_series(0, %(count)s - 1) n
"""  # noqa: S608 - a number of ours
_CHANGED = {
    "observed": {
        "id": "k.id",
        "slug": "o.slug || '-' || k.id",
        "url": "rtrim(o.url, '/') || '-' || k.id || '/'",
        "crawl_status": "case when fate < 0.94 then 'complete' when fate < 0.965 then 'partial'"
        " when fate < 0.985 then 'gone' else 'failed' end",
        "error_kind": "case when fate < 0.94 then null when fate < 0.95 then 'malformed' when fate < 0.965 then"
        " 'timeout' when fate < 0.985 then 'gone' when fate < 0.992 then 'server' else 'network' end",
        "error": "case when fate >= 0.94 then 'as the load test wants it' end",
        "author_name": "o.author_name || ' ' || variant",
        "author_username": "o.author_username || variant",
        "created_at": "now() - 2500 * interval '1 day' * age * age",
        "views": "(10 * exp(7 * fame * fame))::bigint",
        "recent_views": "(exp(5 * fame * fame))::bigint",
        "first_seen_at": "now() - 400 * interval '1 day' * age",
        "scraped_at": "now() - 30 * interval '1 day' * freshness",
        "gone_at": "case when fate >= 0.965 and fate < 0.985 then now() - 300 * interval '1 day' * age end",
        "service_seconds": "0.1 + fame",
        "run_id": "%(run)s || k.variant",
    },
    "content": {"id": "k.id", "changed_at": "now() - 400 * interval '1 day' * age", "content_hash": "md5(k.id::text)"},
    "derived": {
        "id": "k.id",
        "quality_score": "least(100, greatest(0, o.quality_score - 12 + 24 * worth))",
    },
}
"""Columns of copies that differ from their originals; o is the original, k the copy."""
_COLUMNS = {"observed": OBSERVED, "content": ("source", *CONTENT), "derived": DERIVED}
_NEVER_HAD = " where fate < 0.992"
"""The others failed at their first crawl: they have a row and nothing else."""


def _copy(cursor: Cursor, count: int) -> None:
    cursor.execute(_COPIES, {"count": count})
    for table, columns in _COLUMNS.items():
        names = ("id", *columns)
        values = ", ".join(_CHANGED[table].get(name, f"o.{name}") for name in names)
        cursor.execute(
            f"insert into {table} ({', '.join(names)}) select {values} from copies k join {table} o"  # noqa: S608 - names of ours
            f" on o.id = k.original{'' if table == 'observed' else _NEVER_HAD}",
            {"run": RUN},
        )


_BESIDE = (
    "insert into jobs (key, arguments, prepared_at) values ('load', '{}', now())",
    "insert into job_ids (job_id, id, is_done, attempt_count, request_count)"
    " select (select max(id) from jobs), id, id %% 10 > 0, 1, 1 from observed",
    "insert into runs (run_id, job_id, arguments, settings, versions, started_at, ended_at, close_reason, exit_code)"
    " select %(run)s || n, case when n = 0 then (select max(id) from jobs) end, '{}', '{}', '{}',"
    " now() - n * interval '1 day', now() - n * interval '1 day' + interval '1 hour', 'finished', 0"
    " from generate_series(0, %(runs)s - 1) n",
    "insert into checkpoints (run_id, total_workflows, processed, successful, failed, remaining, limiter, breaker,"
    " outcomes) select %(run)s || n, 1, 1, 1, 0, 0, '{}', '{}', '{}' from generate_series(0, %(runs)s - 1) n,"
    " generate_series(1, %(checkpoints)s)",
    "insert into run_workflows (run_id, id, committed_at, crawl_status, layer1_status, layer2_status, layer3_status,"
    " content, attempt_count, request_count, service_seconds) select %(run)s || n, id, now() - n * interval '1 day',"
    " crawl_status, 'ok', 'ok', 'ok', 'unchanged', 1, 1, 0.2 from observed, generate_series(0, 2) n",
    "insert into observed_history (id, observed_at, views) select id, now() - n * interval '30 days', views - n"
    " from observed, generate_series(0, 1) n on conflict do nothing",
    "insert into listed (id, url, seen_at) select id, url, now() from observed where gone_at is null",
    "insert into listed_prices (id, is_paid, price_usd, seen_at) select id, false, 0, now() from observed",
    "insert into listing_digests (id, digest) select id, md5(id::text) from observed",
    "insert into former_versions (id, version, source, content_hash, seen_from, seen_to, differences)"
    " select id, 1, 'api', md5(id::text), now(), now(), '{name}' from content where id %% 20 = 0",
    "insert into transcripts (video_id, status, languages, text) select md5(id::text), 'ok', '{en}', 'text'"
    " from observed where id %% 12 = 0",
    "insert into media_files (url_sha256, url, fetched_at, error_kind) select md5(id::text), 'https://example.com/',"
    " now(), 'gone' from observed where id %% 4 = 0",
    "insert into work_batches (words, shard_size, with_export) select '{}', 100, true from generate_series(1, 100)",
    "insert into work_tasks (batch_id, kind, id_count, finished_at) select b.id, 'crawl', 100, case when n > 0 then"
    " now() end from work_batches b, generate_series(0, 130) n",
    "insert into raw_answers (id, source, fetched_at, body) select id, 'api', now(), '' from content"
    " on conflict do nothing",
)
"""What crawls leave beside the rows: a job in mid-crawl, runs with checkpoints, history, listings."""
