"""What a store and its exports take, of a real one."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.export.check import NAMES
from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.row import from_detail
from n8n_scraper.scale.storage import FILE_NAME, write_storage
from n8n_scraper.scale.trial import rows_of
from n8n_scraper.store.database import connect
from n8n_scraper.store.rows import write_batch

COUNT = 20


@pytest.fixture
def filled(database_url: str) -> str:
    rows_of(database_url, "insert into store_info (site_url, api_url) values ('http://s', 'http://a')")
    items = [
        WorkflowItem(id=id, run_id="run", attempt_count=1, request_count=1, service_seconds=1)
        for id in range(1, COUNT + 1)
    ]
    for item in items:
        workflow = {"nodes": [{"name": "n", "type": "t"}], "connections": {}}
        from_detail(item, {"id": item.id, "name": "n", "description": "text", "workflow": workflow}, (1, 2, 3))
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        write_batch(cursor, items, datetime.now(timezone.utc), lambda _: None)
    return database_url


def test_tables_indexes_and_exports_are_measured(filled: str, tmp_path: Path) -> None:
    written = write_storage(filled, tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text()) == written
    assert written["workflows"] == COUNT
    assert 0 < written["content_bytes"] < written["database_bytes"]
    tables: dict[str, Any] = {one["name"]: one for one in written["tables"]}
    assert tables["content"]["rows"] == tables["observed"]["rows"] == COUNT
    assert 0 < tables["content"]["index_bytes"] < tables["content"]["bytes"]
    indexes: dict[str, Any] = {one["name"]: one for one in written["indexes"]}
    assert indexes["observed_pkey"]["is_key"]
    assert not indexes["observed_crawl_status"]["is_key"]
    assert indexes["content_search"]["scans"] == 0
    assert [f"workflows.{one['format']}" for one in written["exports"]] == list(NAMES)
    for one in written["exports"]:
        assert one["rows"] == COUNT
        assert one["bytes"] > 0
        assert one["seconds"] > 0
    assert written["export_seconds"] > 0
    assert list(tmp_path.iterdir()) == [tmp_path / FILE_NAME]
