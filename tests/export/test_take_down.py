"""Workflows taken out of files: what is left is what an export without them would have written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pyarrow.parquet as pq
import pytest

from n8n_scraper.export.aside import AsideFile
from n8n_scraper.export.check import check_folder
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.manifest import read_manifest
from n8n_scraper.export.n8n_folder import write_n8n_folder
from n8n_scraper.export.selection import Selection, choose_columns
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.export.take_down import take_down
from n8n_scraper.export.without_rows import remove_rows
from n8n_scraper.items import WorkflowItem

Insert = Callable[..., None]
NewItem = Callable[..., WorkflowItem]


def delete(dsn: str, *ids: int) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("delete from observed where id = any(%s)", (list(ids),))


@pytest.mark.parametrize("ids", [(1,), (7, 8, 20), (2**62,), range(1, 10_000)])
def test_what_is_left_is_what_would_have_been_written(
    database_url: str, insert: Insert, nasty_items: list[WorkflowItem], tmp_path: Path, ids: tuple[int, ...]
) -> None:
    insert(nasty_items)
    full, expected = tmp_path / "full", tmp_path / "expected"
    write_snapshot(database_url, full)
    delete(database_url, *ids)
    write_snapshot(database_url, expected)
    for format_ in FORMATS:
        path = full / f"workflows.{format_}"
        done = remove_rows(path, frozenset(ids))
        assert done is not None
        assert done.removed == sum(item.id in ids for item in nasty_items)
        if format_ == "parquet":
            assert pq.read_table(path).equals(pq.read_table(expected / path.name))
        else:
            assert path.read_bytes() == (expected / path.name).read_bytes()
        assert done.bytes == path.stat().st_size


def test_a_file_without_them_is_not_touched(
    database_url: str, insert: Insert, new_item: NewItem, tmp_path: Path
) -> None:
    insert([new_item(1)])
    write_snapshot(database_url, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    for path in before:
        done = remove_rows(path, frozenset({2}))
        assert done is None or done.removed == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.json", b'{"id":1,"a":2}\n'),
        ("other.json", b"[1, 2]\n"),
        ("other.jsonl", b'{"name":"x","id":1}\n'),
        ("other.csv", b"name,id\nx,1\n"),
        ("odd.csv", b"id,name\nx,1\n"),
        ("other.parquet", b"no parquet"),
        ("notes.txt", b"id\n1\n"),
    ],
)
def test_files_of_others_are_left_alone(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert take_down(tmp_path, frozenset({1})).changed == []
    assert (tmp_path / name).read_bytes() == content


@pytest.fixture
def exports(database_url: str, insert: Insert, new_item: NewItem, tmp_path: Path) -> Path:
    insert([new_item(id, name=f"Secret of {id}", description="two\nlines") for id in range(1, 6)])
    root = tmp_path / "exports"
    write_snapshot(database_url, root)
    write_snapshot(database_url, root / "filtered" / "free", selection=Selection(free=True))
    names = Selection(columns=choose_columns(("name",)))
    write_snapshot(database_url, root / "filtered" / "names", selection=names, formats=("csv",))
    write_n8n_folder(database_url, root / "n8n", Selection())
    (root / "runs" / "r").mkdir(parents=True)
    for format_ in FORMATS:
        shutil.copy(root / f"workflows.{format_}", root / "runs" / "r")
    shutil.copytree(root / "runs", root / "demo" / "runs")
    return root


def holding(root: Path) -> list[str]:
    """Files that say "Secret of 3" (Parquet unpacked)."""
    found = []
    for path in root.rglob("*.*"):
        text = str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_text()
        if "Secret of 3" in text:
            found.append(str(path.relative_to(root)))
    return sorted(found)


def test_all_below_a_folder_but_its_snapshot_and_other_stores(exports: Path) -> None:
    of_others = [f"{place}workflows.{f}" for place in ("", "demo/runs/r/") for f in FORMATS]
    assert len(holding(exports)) == 4 + 4 + 1 + 2 + 4 + 4
    done = take_down(exports, frozenset({3}))
    assert (len(done.changed), done.failed) == (4 + 1 + 1 + 4, [])
    assert holding(exports) == sorted(of_others)
    for folder in ("free", "names"):
        assert list(check_folder(exports / "filtered" / folder)) == []
    free, names = (read_manifest(exports / "filtered" / folder) for folder in ("free", "names"))
    assert (free.rows, free.rows_by_status, names.rows, names.rows_by_status) == (4, {"complete": 4}, 4, {})
    assert sorted(path.name for path in (exports / "n8n").glob("*.json")) == [f"{n}-name.json" for n in (1, 2, 4, 5)]
    assert len((exports / "n8n" / "index.jsonl").read_bytes().splitlines()) == 4
    assert take_down(exports, frozenset({3})).changed == []
    assert take_down(exports, frozenset({3}), snapshot_too=True, without=()).changed != []
    assert holding(exports) == []
    assert list(check_folder(exports)) == []


def test_what_a_killed_writer_left_goes_too_and_what_is_being_written_stays(exports: Path) -> None:
    killed = exports / "runs" / "r" / "workflows.jsonl.0123abcd.tmp"
    killed.write_text("Secret of 3")
    open_feed = AsideFile(exports / "runs" / "r" / "workflows.csv")
    take_down(exports, frozenset({3}))
    assert not killed.exists()
    assert open_feed.temporary.exists()
    open_feed.discard()


def test_a_file_that_cannot_be_written_is_told(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def publish(file: AsideFile) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(AsideFile, "publish", publish)
    done = take_down(exports / "runs", frozenset({3}))
    assert sorted(done.failed) == [
        f"{exports}/runs/r/workflows.{name}: No space left on device" for name in sorted(FORMATS)
    ]
