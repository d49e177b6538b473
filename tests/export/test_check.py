from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from n8n_scraper.export.check import check_folder
from n8n_scraper.export.manifest import ExportedFile, read_manifest
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.items import WorkflowItem

Insert = Callable[..., None]
NewItem = Callable[..., WorkflowItem]
BYTES = "{} has not the sha256 of the manifest: it was changed after it was written."


@pytest.fixture
def folder(database_url: str, insert: Insert, new_item: NewItem, tmp_path: Path) -> Path:
    insert([new_item(id, name=f"Name {id}", description="two\nlines") for id in range(1, 31)])
    write_snapshot(database_url, tmp_path)
    return tmp_path


def replace_in(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def forge_manifest(path: Path) -> None:
    """As if the file had been written so: only its rows can betray it."""
    manifest = read_manifest(path.parent)
    data = path.read_bytes()
    entry = ExportedFile(bytes=len(data), sha256=sha256(data).hexdigest(), rows=manifest.files[path.name].rows)
    text = replace(manifest, files={**manifest.files, path.name: entry}).text()
    (path.parent / "manifest.json").write_text(text)


def test_a_sound_folder_has_no_differences(folder: Path) -> None:
    assert list(check_folder(folder)) == []


@pytest.mark.parametrize("name", ["workflows.json", "workflows.jsonl", "workflows.csv"])
def test_a_flipped_byte_is_found_by_its_sum_and_its_row(name: str, folder: Path) -> None:
    replace_in(folder / name, b"Name 7", b"Nome 7")
    said = set(check_folder(folder))
    if name == "workflows.json":  # the first file is what the others are compared with
        rows = {f"workflows.{f}: row 7 differs from workflows.json in name." for f in ("jsonl", "csv", "parquet")}
    else:
        rows = {f"{name}: row 7 differs from workflows.json in name."}
    assert said == {BYTES.format(name), *rows}


def test_a_flipped_byte_in_parquet_is_found(folder: Path) -> None:
    path = folder / "workflows.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert BYTES.format(path.name) in list(check_folder(folder))


@pytest.mark.parametrize("name", ["workflows.jsonl", "workflows.csv", "workflows.parquet"])
def test_a_changed_value_is_found_without_the_sum(name: str, folder: Path) -> None:
    path = folder / name
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        views = pc.if_else(pc.equal(table["id"], 7), pa.scalar(5), table["views"])
        pq.write_table(
            table.set_column(table.schema.get_field_index("views"), table.schema.field("views"), views), path
        )
    else:
        replace_in(path, b'"Name 7"', b'"Name 8"')
    forge_manifest(path)
    changed = "views" if path.suffix == ".parquet" else "name"
    assert list(check_folder(folder)) == [f"{name}: row 7 differs from workflows.json in {changed}."]


@pytest.mark.parametrize("name", ["workflows.json", "workflows.jsonl", "workflows.csv", "workflows.parquet"])
def test_a_missing_row_is_found_without_the_sum(name: str, folder: Path) -> None:
    path = folder / name
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        pq.write_table(table.filter(pc.not_equal(table["id"], 7)), path)
    elif path.suffix == ".csv":
        start, end = (path.read_bytes().index(f"\n{id},".encode()) for id in (7, 8))
        path.write_bytes(path.read_bytes()[:start] + path.read_bytes()[end:])
    else:
        lines = path.read_bytes().split(b"\n")
        path.write_bytes(b"\n".join(line for line in lines if not line.startswith(b'{"id":7,')))
    forge_manifest(path)
    other = "workflows.jsonl" if name == "workflows.json" else "workflows.json"
    assert list(check_folder(folder)) == [
        f"{name}: row 7 is missing, {other} has it.",
        f"{name} has 29 rows, the manifest says 30.",
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        ("workflows.jsonl", b'{"id":7,', b'{"id":7', "workflows.jsonl: line 7 is not JSON: "),
        ("workflows.json", b'{"id":7,', b'{"id":7', "workflows.json: line 8 is not JSON: "),
        ("workflows.json", b"\n]\n", b"\n", "workflows.json: line 32 does not end the array"),
        ("workflows.json", b"[\n", b"", "workflows.json: line 1 does not start an array"),
        ("workflows.jsonl", b'{"id":7,"name"', b'{"id":7,"title"', "workflows.jsonl: line 7 has not the columns"),
        ("workflows.csv", b"id,name", b"id,title", "workflows.csv: line 1 does not name the columns"),
        ("workflows.csv", b"\n7,", b"\nseven,", "workflows.csv: "),
        ("workflows.csv", b"\n7,", b"\n6,", "workflows.csv: row 6 comes after row 6"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(name: str, old: bytes, new: bytes, sentence: str, folder: Path) -> None:
    replace_in(folder / name, old, new)
    forge_manifest(folder / name)
    said = list(check_folder(folder))
    assert any(line.startswith(sentence) for line in said), said


def test_a_cut_file_is_told(folder: Path) -> None:
    for name in read_manifest(folder).files:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-10])
    said = list(check_folder(folder))
    assert len([line for line in said if "bytes, the manifest says" in line]) == 4
    assert {line.split(":")[0] for line in said if "bytes, the manifest says" not in line} >= {"workflows.parquet"}


def test_many_differences_are_counted(folder: Path) -> None:
    path = folder / "workflows.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Name ", b"Nome "))
    said = list(check_folder(folder))
    assert len([line for line in said if "differs from" in line]) == 10
    assert "workflows.jsonl: 20 more rows differ." in said


def test_files_beside_the_manifest(folder: Path) -> None:
    (folder / "workflows.csv").unlink()
    manifest = json.loads((folder / "manifest.json").read_bytes())
    del manifest["files"]["workflows.parquet"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert list(check_folder(folder)) == ["workflows.csv is missing.", "workflows.parquet is not in the manifest."]


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (None, "there is no manifest.json in "),
        ("[]", "manifest.json cannot be read"),
        ('{"files": {"workflows.csv": 1}}', "manifest.json cannot be read"),
    ],
)
def test_without_a_manifest_there_is_nothing_to_check(manifest: str | None, sentence: str, tmp_path: Path) -> None:
    if manifest:
        (tmp_path / "manifest.json").write_text(manifest)
    [said] = check_folder(tmp_path)
    assert sentence in said


def test_a_manifest_cannot_point_elsewhere(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"] = {"../../etc/passwd": {"bytes": 1, "sha256": "", "rows": 1}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "passwd is in the manifest and no file of an export." in list(check_folder(folder))


def test_another_schema_version_is_not_guessed_at(folder: Path) -> None:
    replace_in(folder / "manifest.json", b'"schema_version": 1', b'"schema_version": 9')
    assert list(check_folder(folder)) == ["manifest.json is of schema version 9, this program knows 1."]
