"""Files for n8n, checked against what an import was measured with. n8n itself does not run here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.export.n8n_folder import INDEX, write_n8n_folder
from n8n_scraper.export.n8n_workflow import Template, file_name, importable
from n8n_scraper.export.selection import Selection
from n8n_scraper.items import WorkflowItem

Insert = Callable[..., None]
NewItem = Callable[..., WorkflowItem]
START = {"id": "a", "name": "Start", "type": "t.start", "typeVersion": 1.1, "position": [10, 20], "parameters": {}}


def template(**workflow: Any) -> Template:
    return Template(7, "A name", "a-name", "https://n8n.io/workflows/7-a-name/", "Ada", "ada", "f" * 64, workflow)


def made(given: Template) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(importable(given).text)
    assert_importable(document)
    return document


def assert_importable(document: dict[str, Any]) -> None:
    """What facts and n8n's own types ask for."""
    assert {"name", "nodes", "connections", "active", "settings", "versionId", "meta"} <= set(document)
    assert 0 < len(document["name"]) <= 128
    assert document["active"] is False
    UUID(document["versionId"])
    assert all(isinstance(document[key], dict) for key in ("connections", "settings", "meta"))
    for node in document["nodes"]:
        assert all(isinstance(node[key], str) and node[key] for key in ("id", "name", "type"))
        assert isinstance(node["parameters"], dict)
        assert len(node["position"]) == 2
        assert all(math.isfinite(place) for place in (*node["position"], node["typeVersion"]))
        assert all(isinstance(entry, (dict, str)) for entry in node.get("credentials", {}).values())


def test_a_published_workflow_stays_as_it_is_and_names_its_author() -> None:
    connections = {"Start": {"main": [[{"node": "Start", "type": "main", "index": 0}], None]}}
    document = made(template(nodes=[START], connections=connections, settings={"x": 1}, active=True, pinData={"a": []}))
    [node, note] = document.pop("nodes")
    assert node == START
    assert document == {
        "name": "A name",
        "connections": connections,
        "active": False,
        "settings": {"x": 1},
        "versionId": document["versionId"],
        "meta": {
            "templateId": "7", "url": "https://n8n.io/workflows/7-a-name/", "author": "Ada", "authorUsername": "ada",
        },
        "pinData": {"a": []},
    }  # fmt: skip
    assert note["type"] == "n8n-nodes-base.stickyNote"
    assert note["parameters"]["content"].startswith("## [A name](https://n8n.io/workflows/7-a-name/)\nby Ada · ")
    assert note["position"][1] + note["parameters"]["height"] < START["position"][1]  # type: ignore[index]  # None would fail the test


def test_the_same_content_gives_the_same_bytes_and_another_one_another_version() -> None:
    one = template(nodes=[{"type": "t"}])
    assert importable(one) == importable(one)
    assert made(one)["versionId"] != made(one._replace(content_hash="e" * 64))["versionId"]


@pytest.mark.parametrize(
    ("workflow", "mended"),
    [
        ({"nodes": [START]}, []),
        ({"nodes": [START], "settings": "saveAll", "connections": [1]}, ["connections: no object, left out", "settings: no object, left out"]),
        ({"nodes": [START, None, {"name": "no type"}]}, ["node 1: without a type, left out", "node 2: without a type, left out"]),
        ({"nodes": [{"type": "t"}]}, []),
        ({"nodes": [{"type": "t", "name": 1, "id": None, "typeVersion": True, "position": "x", "parameters": []}]}, ["node 0: name, id, typeVersion, position, parameters"]),
        ({"nodes": [{**START, "position": [1, 2, 3], "credentials": "slack"}]}, ["node 0: position, credentials"]),
        ({"nodes": [{**START, "credentials": {"a": "name", "b": {"id": "1"}, "c": [1]}}]}, ["node 0: credentials"]),
        ({"nodes": {"no": "list"}}, []),
    ],
)  # fmt: skip
def test_what_no_editor_takes_is_mended_and_told(workflow: dict[str, Any], mended: list[str]) -> None:
    given = template(**workflow)
    made(given)
    assert importable(given).mended == mended


def test_a_node_without_anything_gets_what_the_editor_needs() -> None:
    first, second, note = made(template(nodes=[{"type": "t.start"}, {"type": "t.start", "id": False}]))["nodes"]
    assert {**first, "id": ""} == {
        "id": "", "name": "start 0", "type": "t.start", "typeVersion": 1, "position": [0, 0], "parameters": {},
    }  # fmt: skip
    assert UUID(first["id"]) != UUID(second["id"])
    assert note["position"][1] + note["parameters"]["height"] < 0


def test_an_id_that_is_a_number_becomes_text() -> None:
    assert made(template(nodes=[{**START, "id": 12}]))["nodes"][0]["id"] == "12"


def test_a_node_called_attribution_keeps_its_name() -> None:
    nodes = made(template(nodes=[{**START, "name": "Attribution"}]))["nodes"]
    assert [node["name"] for node in nodes] == ["Attribution", "Attribution 1"]


def test_names_from_outside_are_text_in_the_note() -> None:
    given = template(nodes=[])._replace(name="[x](http://evil) <img>\x1b", author_name="*a*")
    assert "## [\\[x\\](http://evil) \\<img>\\x1b]" in made(given)["nodes"][0]["parameters"]["content"].replace(
        "\\\\x1b", "\\x1b"
    )


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("ai-agent-chat", "7-ai-agent-chat.json"),
        (None, "7.json"),
        ("", "7.json"),
        ("../../etc/passwd", "7-etc-passwd.json"),
        ("a/b\\c:d\0e%2fF", "7-a-b-c-d-e-2ff.json"),
        ("ünï", "7-n.json"),
        ("x" * 300, f"7-{'x' * 80}.json"),
    ],
)
def test_file_names_are_safe_and_short(slug: str | None, name: str) -> None:
    assert file_name(7, slug) == name


def test_a_folder_of_files(database_url: str, insert: Insert, new_item: NewItem, tmp_path: Path) -> None:
    big = {"nodes": [{**START, "parameters": {"big": 2**70, "line": "\u2028"}}], "connections": {}}
    insert([
        new_item(1, workflow=big), new_item(2, is_paid=True), new_item(3, is_paid=None), new_item(4, workflow=None),
        new_item(5, categories=["Other"], name="Fifth"), new_item(6, slug="../x"),
    ])  # fmt: skip
    folder = tmp_path / "n8n"
    written = write_n8n_folder(database_url, folder, Selection())
    assert (written.files, written.changed, written.paid, written.without_json) == (3, 3, 2, 1)
    assert sorted(path.name for path in folder.glob("*.json")) == ["1-name.json", "5-name.json", "6-x.json"]
    for path in folder.glob("*.json"):
        assert_importable(json.loads(path.read_bytes()))
    assert json.loads((folder / "1-name.json").read_bytes())["nodes"][0] == big["nodes"][0]  # type: ignore[index]  # None would fail the test
    index = [json.loads(line) for line in (folder / INDEX).read_text().split("\n") if line]
    assert [(e["id"], e["file"], e["author_name"], e["url"]) for e in index][1] == (
        5, "5-name.json", "Ada", "https://n8n.io/workflows/5-name/",
    )  # fmt: skip
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    again = write_n8n_folder(database_url, folder, Selection())
    assert (again.files, again.changed, again.removed) == (3, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.json")} == before
    fewer = write_n8n_folder(database_url, folder, Selection(categories=("AI",)))
    assert (fewer.files, fewer.changed, fewer.removed) == (2, 0, 1)
    paid = write_n8n_folder(database_url, folder, Selection(include_paid=True))
    assert (paid.files, paid.changed, paid.paid) == (5, 3, 0)


def test_a_file_that_was_cut_off_is_written_again(
    database_url: str, insert: Insert, new_item: NewItem, tmp_path: Path
) -> None:
    insert([new_item(1)])
    write_n8n_folder(database_url, tmp_path / "n8n", Selection())
    (tmp_path / "n8n" / "1-name.json").write_bytes(b"")
    assert write_n8n_folder(database_url, tmp_path / "n8n", replace(Selection(), free=True)).changed == 1


def test_a_folder_with_other_things_is_refused(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(StartError, match=r"has other files \(mine\.json\)"):
        write_n8n_folder(database_url, tmp_path, Selection())
    assert (tmp_path / "mine.json").read_text() == "{}"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"], "not even a lock of ours"
    with pytest.raises(StartError, match=r"mine\.json is a file: choose"):
        write_n8n_folder(database_url, tmp_path / "mine.json", Selection())
    with pytest.raises(StartError, match="cannot be made"):
        write_n8n_folder(database_url, tmp_path / "mine.json" / "more", Selection())


def test_an_export_that_was_cut_off_can_be_repeated_into_a_new_or_an_empty_folder(
    database_url: str, insert: Insert, new_item: NewItem, tmp_path: Path
) -> None:
    insert([new_item(1)])

    def cut_off(seen: int, total: int) -> None:
        raise InterruptedError

    for folder in (tmp_path / "new" / "n8n", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InterruptedError):
            write_n8n_folder(database_url, folder, Selection(), cut_off)
        assert (folder / "1-name.json").is_file()
        assert write_n8n_folder(database_url, folder, Selection()).files == 1
