"""What a run's rows take: tables and indexes of its store, which index was used, exports by size and time.

Measured when the run has ended, while its store is still there: ``storage.json`` in the run's folder.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from n8n_scraper.export.aside import write_aside
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.scale.trial import rows_of

FILE_NAME = "storage.json"
Storage = dict[str, Any]
"""``workflows`` (rows), ``content_bytes`` (JSON text of their workflows, as published), ``database_bytes``, ``tables``,
``indexes``, ``exports``, ``export_seconds`` (all formats in one pass) and ``load_average``.
"""
_ROWS = (
    "select count(*) as workflows, coalesce(sum(octet_length(workflow::text)), 0)::bigint as content_bytes from content"
)
_TABLES = """
select relname as name, pg_total_relation_size(relid) as bytes, pg_indexes_size(relid) as index_bytes,
    n_live_tup as rows, seq_scan as full_reads
from pg_stat_user_tables where schemaname = 'public' order by 2 desc, 1
"""
_INDEXES = """
select u.relname as table_name, u.indexrelname as name, u.idx_scan as scans, u.idx_tup_read as rows_read,
    pg_relation_size(u.indexrelid) as bytes, i.indisunique as is_key
from pg_stat_user_indexes u join pg_index i using (indexrelid)
where u.schemaname = 'public' order by 1, 2
"""


def write_storage(dsn: str, folder: Path) -> Storage:
    """Measure the store that a run filled, write ``storage.json`` into the run's folder, and return what it says.

    Raises:
        OSError: the folder cannot be written to.
        psycopg2.Error: the store went away.
    """
    storage = measure_storage(dsn)
    write_aside(folder / FILE_NAME, json.dumps(storage, indent=1) + "\n")
    return storage


def measure_storage(dsn: str) -> Storage:
    """The use of indexes is that of the crawls: it is read before the exports are tried."""
    _gather(dsn)
    [database] = rows_of(dsn, "select pg_database_size(current_database()) as database_bytes")
    [rows] = rows_of(dsn, _ROWS)
    found = {**rows, **database, "tables": rows_of(dsn, _TABLES), "indexes": rows_of(dsn, _INDEXES)}
    return {**found, **_exports(dsn), "load_average": os.getloadavg()[0]}


def _gather(dsn: str) -> None:
    """Count the rows of tables that autovacuum did not come to yet."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("analyze")


def _exports(dsn: str) -> Storage:
    """Each format by itself into a folder that is thrown away, then all in one pass, as a crawl writes them."""
    with tempfile.TemporaryDirectory(prefix="n8n_scraper-exports-") as folder:
        alone = [_timed(dsn, Path(folder) / name, (name,)) for name in FORMATS]
        together = _timed(dsn, Path(folder) / "all", tuple(FORMATS))
    return {"exports": alone, "export_seconds": together["seconds"]}


def _timed(dsn: str, folder: Path, formats: tuple[str, ...]) -> Storage:
    began = time.perf_counter()
    written = write_snapshot(dsn, folder, formats=formats).manifest
    seconds = time.perf_counter() - began
    size = sum(file.bytes for file in written.files.values())
    return {"format": "+".join(formats), "rows": written.rows, "bytes": size, "seconds": seconds}
