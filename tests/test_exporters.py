"""Feeds through real crawls: a spider without requests, Scrapy as a subprocess."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler

from n8n_scraper.export.format import load_format
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.layout import Layout
from n8n_scraper.exporters import exporter
from n8n_scraper.items import COLUMNS, WorkflowItem

SETTINGS = """
from n8n_scraper.settings import DOWNLOADER_MIDDLEWARES_BASE, EXTENSIONS_BASE, FEED_EXPORTERS, FEED_STORAGES
LOG_LEVEL = "INFO"
"""
SPIDER = """
import asyncio
from scrapy import Spider
from n8n_scraper.items import WorkflowItem

class Rows(Spider):
    name = "rows"
    paid = {1: False, 2: True}

    async def start(self):
        for id in range(1, int(getattr(self, "rows", 3)) + 1):
            yield WorkflowItem(id=id, name="=1 \\u2028", is_paid=self.paid.get(id), workflow={"nodes": [2**64]})
        if hasattr(self, "dict"):
            yield {"id": 4}
        if hasattr(self, "wait"):
            await asyncio.sleep(0.2)
            print("rows are out", flush=True)
            await asyncio.sleep(60)
"""
LAYOUT = Layout(COLUMNS)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = feed_settings\n")
    (tmp_path / "feed_settings.py").write_text(SETTINGS)
    (tmp_path / "rows.py").write_text(SPIDER)
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scrapy", "runspider", "rows.py", *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}


def crawl(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=project, env=environment(), capture_output=True, text=True, check=False
    )


def read(path: Path) -> list[dict[str, Any]]:
    lines = load_format(path.suffix[1:]).read(path, LAYOUT, True)
    return [json.loads(line.text) for line in lines]


def test_the_four_feeds_of_a_run_are_equal(project: Path) -> None:
    done = crawl(project, *(word for format_ in FORMATS for word in ("-O", f"feed.{format_}")))
    assert done.returncode == 0, done.stderr
    feeds = [read(project / f"feed.{format_}") for format_ in FORMATS]
    assert feeds == [feeds[0]] * len(FORMATS)
    assert [row["id"] for row in feeds[0]] == [1, 2, 3]
    assert [row["workflow"] for row in feeds[0]] == [{"nodes": [2**64]}, None, None]
    assert feeds[0][0]["name"] == "=1 \u2028"
    assert f"feedexport/success_count/AtomicFileFeedStorage': {len(FORMATS)}" in done.stderr
    assert not list(project.glob("*.tmp"))


def test_a_run_without_rows_leaves_valid_feeds(project: Path) -> None:
    crawl(project, "-a", "rows=0", *(word for format_ in FORMATS for word in ("-O", f"feed.{format_}")))
    assert [read(project / f"feed.{format_}") for format_ in FORMATS] == [[]] * len(FORMATS)


def test_paid_workflows_go_out_when_asked_for(project: Path) -> None:
    crawl(project, "-O", "feed.parquet", "-s", "N8N_SCRAPER_EXPORT_PAID=1", "-s", "N8N_SCRAPER_CSV_DEFUSE_FORMULAS=0")
    assert [row["workflow"] for row in read(project / "feed.parquet")] == [{"nodes": [2**64]}] * 3


def test_the_setting_decides_whether_formulas_are_defused(project: Path) -> None:
    crawl(project, "-O", "feed.csv", "-s", "N8N_SCRAPER_CSV_DEFUSE_FORMULAS=0")
    assert b'\n1,"=1' in (project / "feed.csv").read_bytes()
    crawl(project, "-O", "feed.csv")
    assert b"""\n1,"'=1""" in (project / "feed.csv").read_bytes()


def test_only_rows_of_workflows_get_in(project: Path) -> None:
    done = crawl(project, "-O", "feed.json", "-a", "dict=1")
    assert "TypeError: feeds of this project hold WorkflowItem only, not dict" in done.stderr
    assert [row["id"] for row in read(project / "feed.json")] == [1, 2, 3]


def test_appending_is_refused_before_the_crawl_starts(project: Path) -> None:
    crawl(project, "-O", "feed.json")
    before = (project / "feed.json").read_bytes()
    done = crawl(project, "-o", "feed.json")
    assert "rows appended to a json file make it invalid; replace the file with -O" in done.stderr
    assert "Spider opened" not in done.stderr
    assert (project / "feed.json").read_bytes() == before


def test_lines_can_be_appended(project: Path) -> None:
    crawl(project, "-o", "feed.jsonl")
    crawl(project, "-o", "feed.jsonl")
    assert [row["id"] for row in read(project / "feed.jsonl")] == [1, 2, 3, 1, 2, 3]


def test_batches_of_a_feed_are_files_of_their_own(project: Path) -> None:
    crawl(project, "-O", "feed-%(batch_id)d.parquet", "-s", "FEED_EXPORT_BATCH_ITEM_COUNT=2")
    assert [[row["id"] for row in read(project / f"feed-{n}.parquet")] for n in (1, 2)] == [[1, 2], [3]]


@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_kill_9_leaves_the_former_feed(format_: str, project: Path) -> None:
    path = project / f"feed.{format_}"
    path.write_text("former")
    arguments = command("-O", path.name, "-a", "rows=1000", "-a", "wait=1")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(arguments, cwd=project, env=environment(), **pipes) as crawl_process:  # type: ignore[call-overload]  # another type, on purpose
        assert crawl_process.stdout.readline() == b"rows are out\n"
        assert len(list(project.glob(f"feed.{format_}.*.tmp"))) == 1
        crawl_process.send_signal(signal.SIGKILL)
    assert path.read_text() == "former"
    crawl(project, "-O", path.name)
    assert [row["id"] for row in read(path)] == [1, 2, 3]
    assert not list(project.glob("*.tmp"))


def test_a_feed_holds_its_rows_in_bounded_chunks() -> None:
    sink = io.BytesIO()
    feed = exporter("jsonl")(sink)
    feed.start_exporting()
    for id in range(1, 201):
        assert not sink.getvalue()
        feed.export_item(WorkflowItem(id=id))
    assert sink.getvalue().count(b"\n") == 200
    for id in (201, 202):
        feed.export_item(WorkflowItem(id=id, description="x" * 5_000_000))
    assert sink.getvalue().count(b"\n") == 202
    feed.finish_exporting()


def test_values_that_had_to_be_changed_are_told(caplog: pytest.LogCaptureFixture) -> None:
    sink = io.BytesIO()
    feed = exporter("json")(sink)
    feed.start_exporting()
    feed.export_item(WorkflowItem(id=1, name="a\x00", views=2**63, links="no list"))  # type: ignore[arg-type]  # another type, on purpose
    feed.finish_exporting()
    [row] = json.loads(sink.getvalue())
    assert (row["name"], row["views"], row["links"]) == ("a\ufffd", None, None)
    assert "{'name': 1, 'views': 1, 'links': 1}" in caplog.text


def test_a_feed_may_have_fewer_columns() -> None:
    sink = io.BytesIO()
    feed = exporter("csv")(sink, fields_to_export=["views", "name"])
    feed.start_exporting()
    feed.export_item(WorkflowItem(id=1, name="a", views=2))
    feed.finish_exporting()
    assert sink.getvalue() == b'id,name,views\n1,"a",2\n'


def test_feeds_of_a_run_share_rows_and_never_an_old_one() -> None:
    crawler, files = Crawler(Spider), [io.BytesIO(), io.BytesIO()]
    feeds = [exporter("jsonl")(files[0], crawler=crawler), exporter("json")(files[1], crawler=crawler)]
    item = WorkflowItem(id=1, name="first")
    for name in ("first", "second"):
        item.name = name
        for feed in feeds:
            feed.export_item(item)
    assert all(one is other for one, other in zip(feeds[0]._rows, feeds[1]._rows, strict=True))
    for feed in feeds:
        feed.finish_exporting()
    for file in files:
        assert [json.loads(line.strip(",[]"))["name"] for line in _lines(file)] == ["first", "second"]


def _lines(file: io.BytesIO) -> list[str]:
    return [line for line in file.getvalue().decode().split("\n") if len(line) > 1]
