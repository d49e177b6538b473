from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.export import snapshot as snapshot_module
from n8n_scraper.export.check import check_folder
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.manifest import read_manifest
from n8n_scraper.export.selection import Selection, choose_columns
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.exporters import exporter
from n8n_scraper.items import COLUMN_NAMES, SCHEMA_VERSION, WorkflowItem

Insert = Callable[..., None]
NewItem = Callable[..., WorkflowItem]
FILES = [*(f"workflows.{format_}" for format_ in FORMATS), "README.md", "manifest.json"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "exports"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != snapshot_module.LOCK_NAME}


def execute(dsn: str, sql: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql)


def test_everything_in_four_formats(
    database_url: str, insert: Insert, nasty_items: list[WorkflowItem], folder: Path
) -> None:
    insert(nasty_items)
    told: list[tuple[int, int]] = []
    written = write_snapshot(database_url, folder, run_id="run-1", progress=lambda rows, of: told.append((rows, of)))
    assert written.is_new
    assert sorted(contents(folder)) == sorted(FILES)
    assert list(check_folder(folder)) == []
    rows = json.loads((folder / "workflows.json").read_bytes())
    assert [row["id"] for row in rows] == [item.id for item in nasty_items]
    for row, item in zip(rows, nasty_items, strict=True):
        assert row["name"] == (item.name if item.content_hash else None)
        assert row["workflow"] == (item.workflow if item.is_paid is False else None)
    assert told[-1] == (len(rows), len(rows))


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv"])
def test_a_feed_of_the_same_rows_has_the_same_bytes(
    format_: str,
    database_url: str,
    insert: Insert,
    nasty_items: list[WorkflowItem],
    folder: Path,
) -> None:
    # psycopg2 sends -0.0 as a decimal, which has no negative zero
    items = [item for item in nasty_items if item.content_hash and str(item.price_usd) != "-0.0"]
    insert(items)
    write_snapshot(database_url, folder)
    feed = io.BytesIO()
    exporting = exporter(format_)(feed)
    for item in items:
        exporting.export_item(item)
    exporting.finish_exporting()
    assert feed.getvalue() == (folder / f"workflows.{format_}").read_bytes()


def test_the_manifest(database_url: str, insert: Insert, new_item: NewItem, folder: Path) -> None:
    insert([new_item(1), new_item(2), new_item(3, crawl_status="gone")])
    manifest = json.loads(write_snapshot(database_url, folder, run_id="run-1").manifest.text())
    assert manifest == json.loads((folder / "manifest.json").read_bytes())
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert manifest["site"] == "http://s"
    assert manifest["run_id"] == "run-1"
    assert manifest["columns"] == list(COLUMN_NAMES)
    assert manifest["rows"] == 3
    assert manifest["rows_by_status"] == {"complete": 2, "gone": 1}
    assert manifest["filters"] == manifest["repaired"] == {}
    assert {name: (entry["bytes"], entry["rows"]) for name, entry in manifest["files"].items()} == {
        name: ((folder / name).stat().st_size, 3) for name in FILES[:4]
    }


def test_without_a_run_the_last_one_is_named(database_url: str, insert: Insert, folder: Path) -> None:
    insert([])
    columns = "(run_id, arguments, settings, versions, started_at)"
    execute(
        database_url, f"insert into runs {columns} values ('old', '{{}}', '{{}}', '{{}}', now() - interval '1 day')"
    )
    execute(database_url, f"insert into runs {columns} values ('new', '{{}}', '{{}}', '{{}}', now())")
    assert write_snapshot(database_url, folder).manifest.run_id == "new"


def test_an_empty_store_has_valid_files(database_url: str, folder: Path) -> None:
    assert write_snapshot(database_url, folder).manifest.rows == 0
    assert list(check_folder(folder)) == []
    assert json.loads((folder / "workflows.json").read_bytes()) == []


def test_nothing_is_written_when_nothing_changed(
    database_url: str, insert: Insert, new_item: NewItem, folder: Path
) -> None:
    insert([new_item(1)])
    first = write_snapshot(database_url, folder, run_id="run-1")
    before = {name: (folder / name).stat().st_mtime_ns for name in FILES}
    again = write_snapshot(database_url, folder, run_id="run-2")
    assert not again.is_new
    assert again.manifest == first.manifest
    assert {name: (folder / name).stat().st_mtime_ns for name in FILES} == before


def _append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def _flip(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"Name", b"Nome"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "workflows.csv").unlink(),
        lambda folder: _append(folder / "workflows.csv"),
        lambda folder: _flip(folder / "workflows.jsonl"),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("{}"),
        lambda folder: (folder / "manifest.json").write_text('{"files": 1'),
    ],
)
def test_damaged_files_are_written_again(
    damage: Callable[[Path], Any], database_url: str, insert: Insert, new_item: NewItem, folder: Path
) -> None:
    insert([new_item(1)])
    write_snapshot(database_url, folder)
    damage(folder)
    assert write_snapshot(database_url, folder).is_new
    assert list(check_folder(folder)) == []


@pytest.mark.parametrize("options", [{"csv_defuse": False}, {"selection": Selection(include_paid=True)}])
def test_other_options_make_another_snapshot(
    options: dict[str, Any], database_url: str, insert: Insert, new_item: NewItem, folder: Path
) -> None:
    insert([new_item(1, name="=1"), new_item(2, is_paid=True)])
    first = contents(folder) if write_snapshot(database_url, folder).is_new else {}
    assert write_snapshot(database_url, folder, **options).is_new
    assert contents(folder)["workflows.csv"] != first["workflows.csv"]
    assert list(check_folder(folder)) == []


def test_formats_that_are_there_are_renewed_with_those_asked_for(
    database_url: str, insert: Insert, new_item: NewItem, folder: Path
) -> None:
    insert([new_item(1)])
    write_snapshot(database_url, folder, formats=["parquet"])
    assert sorted(contents(folder)) == ["README.md", "manifest.json", "workflows.parquet"]
    assert not write_snapshot(database_url, folder, formats=["parquet"]).is_new
    insert([new_item(2)])
    write_snapshot(database_url, folder, formats=["jsonl"])
    assert sorted(read_manifest(folder).files) == ["workflows.jsonl", "workflows.parquet"]
    assert list(check_folder(folder)) == []
    assert pq.read_table(folder / "workflows.parquet").num_rows == 2


def test_a_part_has_its_columns_and_rows(database_url: str, insert: Insert, new_item: NewItem, folder: Path) -> None:
    insert([new_item(1), new_item(2, quality_score=10.0)])
    selection = Selection(columns=choose_columns(only=("name", "quality_score")), min_quality=50.0)
    manifest = write_snapshot(database_url, folder, selection=selection).manifest
    assert json.loads((folder / "workflows.json").read_bytes()) == [{"id": 1, "name": "Name", "quality_score": 99.5}]
    assert manifest.filters == {"min-quality": 50.0}
    assert manifest.columns == ["id", "name", "quality_score"]
    assert list(check_folder(folder)) == []
    assert "`--min-quality 50.0`" in (folder / "README.md").read_text()


def test_a_part_never_replaces_the_snapshot(database_url: str, insert: Insert, new_item: NewItem, folder: Path) -> None:
    insert([new_item(1)])
    write_snapshot(database_url, folder)
    before = contents(folder)
    with pytest.raises(StartError, match="holds a whole snapshot, which a part must not replace"):
        write_snapshot(database_url, folder, selection=Selection(free=True))
    assert contents(folder) == before


def test_a_readme_of_somebody_else_is_kept(database_url: str, folder: Path) -> None:
    folder.mkdir()
    (folder / "README.md").write_text("# My project\n")
    with pytest.raises(StartError, match=r"README.md is not of an export: choose another folder"):
        write_snapshot(database_url, folder)
    assert (folder / "README.md").read_text() == "# My project\n"


SLOW_EXPORT = """
import sys, time
from pathlib import Path
from n8n_scraper.export.snapshot import write_snapshot

def wait(rows, of):
    print(rows, flush=True)
    time.sleep(float(sys.argv[3]))

write_snapshot(sys.argv[1], Path(sys.argv[2]), progress=wait)
"""


def start_slow_export(dsn: str, folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SLOW_EXPORT, dsn, str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


@pytest.mark.parametrize("has_former", [True, False])
def test_kill_9_leaves_the_former_files(
    has_former: bool, database_url: str, insert: Insert, new_item: NewItem, folder: Path
) -> None:
    insert([new_item(1)])
    if has_former:
        write_snapshot(database_url, folder)
    former = contents(folder) if has_former else {}
    insert([new_item(id) for id in range(2, 300)])
    run = folder / "runs" / "killed"
    run.mkdir(parents=True)
    (run / "workflows.json.0123abcd.tmp").write_text("[")
    with start_slow_export(database_url, folder, 30) as export:
        assert export.stdout
        export.stdout.readline()
        temporaries = sorted(path.name.split(".")[1] for path in folder.glob("*.tmp"))
        export.send_signal(signal.SIGKILL)
    assert temporaries == sorted(FORMATS)
    assert {n: c for n, c in contents_of_files(folder).items() if not n.endswith(".tmp")} == former
    assert write_snapshot(database_url, folder).manifest.rows == 299
    assert sorted(contents_of_files(folder)) == sorted(FILES)
    assert list(run.iterdir()) == []
    assert list(check_folder(folder)) == []


def contents_of_files(folder: Path) -> dict[str, bytes]:
    names = (path for path in folder.iterdir() if path.is_file() and path.name != snapshot_module.LOCK_NAME)
    return {path.name: path.read_bytes() for path in names}


def test_exports_into_one_folder_take_turns(database_url: str, insert: Insert, new_item: NewItem, folder: Path) -> None:
    insert([new_item(1)])
    with start_slow_export(database_url, folder, 1.0) as first:
        assert first.stdout
        first.stdout.readline()
        insert([new_item(2)])
        started = time.monotonic()
        second = write_snapshot(database_url, folder)
        assert time.monotonic() - started > 0.5
    assert first.returncode == 0
    assert second.is_new
    assert second.manifest.rows == 2
    assert list(check_folder(folder)) == []


def test_a_full_disk_leaves_the_former_files(
    database_url: str, insert: Insert, new_item: NewItem, folder: Path
) -> None:
    insert([new_item(1)])
    write_snapshot(database_url, folder)
    former = contents(folder)
    insert([new_item(id, description=os.urandom(20_000).hex()) for id in range(2, 100)])
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n" + SLOW_EXPORT
    command = [sys.executable, "-c", limited, database_url, str(folder), "0"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    assert failed.stderr.splitlines()[-1] == "OSError: [Errno 27] File too large"
    assert "Exception ignored" not in failed.stderr
    assert contents(folder) == former
    assert list(check_folder(folder)) == []


def test_a_store_that_goes_away_leaves_the_former_files(
    database_url: str, insert: Insert, new_item: NewItem, folder: Path
) -> None:
    insert([new_item(1)])
    write_snapshot(database_url, folder)
    former = contents(folder)
    insert([new_item(id, description="x" * 100_000) for id in range(2, 500)])

    def end_connections(rows: int, of: int) -> None:
        execute(
            database_url,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()",
        )

    with pytest.raises(psycopg2.Error):
        write_snapshot(database_url, folder, progress=end_connections)
    assert contents(folder) == former
