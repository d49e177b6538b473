from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from n8n_scraper.differences import NOTHING_STORED, Content, differences

NOTE = {"id": "s", "name": "Note", "type": "n8n-nodes-base.stickyNote", "parameters": {"content": "a"}}
NODES = [
    {"id": "1", "name": "Start", "type": "t.start", "position": [0, 0], "parameters": {}},
    {"id": "2", "name": "Code", "type": "t.code", "position": [1, 0], "parameters": {"js": "1", "mode": "each"}},
    NOTE,
]
CONNECTIONS = {"Start": {"main": [[{"node": "Code", "type": "main", "index": 0}]]}}
WORKFLOW = {"nodes": NODES, "connections": CONNECTIONS, "settings": {}}


def content(**changes: Any) -> Content:
    return Content(**{"source": "api", "name": "A", "description": "one\ntwo", "workflow": WORKFLOW, **changes})


def workflow(*steps: tuple[Any, ...]) -> Content:
    """The workflow with values put at paths; a path that ends in "-" deletes."""
    changed: Any = deepcopy(WORKFLOW)
    for *path, last, value in steps:
        place = changed
        for step in path:
            place = place[step]
        if value == "-":
            del place[last]
        elif last == "+":
            place.append(value)
        else:
            place[last] = value
    return content(workflow=changed)


@pytest.mark.parametrize(
    ("after", "sentences"),
    [
        (content(), [NOTHING_STORED]),
        (content(name="B"), ["name: “A” → “B”"]),
        (content(name=None), ["name: “A” → none"]),
        (content(name="\x1b[2J"), ["name: “A” → “\\x1b[2J”"]),
        (content(description="one\nthree\nfour"), ["description: 7 → 14 characters; lines: 2 new, 1 not there any more"]),
        (content(description="two\none"), ["description: 7 → 7 characters; the order of its lines"]),
        (content(description=None), ["description: not there any more"]),
        (content(workflow=None), ["workflow: not there any more"]),
        (content(source="page", workflow=None), ["read from the page, before from the API", "workflow: not there any more"]),
        (workflow(("nodes", "+", {"id": "9", "name": "New"})), ["nodes: 1 added (New)"]),
        (workflow(("nodes", 0, "-"), ("connections", {})), ["nodes: 1 removed (Start)", "connections: 1 removed"]),
        (workflow(("nodes", 1, "parameters", "js", "2")), ["nodes: 1 changed (Code: parameters.js)"]),
        (workflow(("nodes", 1, "parameters", None)), ["nodes: 1 changed (Code: parameters)"]),
        (workflow(("nodes", 1, "name", "Renamed")), ["nodes: 1 changed (Renamed: name)"]),
        (workflow(("nodes", 1, "id", "other")), ["nodes: 1 changed (Code: id)"]),
        (workflow(("nodes", [NODES[1], NODES[0], NOTE])), ["nodes: their order"]),
        (workflow(("nodes", 2, "parameters", "content", "b")), ["sticky notes: 1 changed (Note: parameters.content)"]),
        (workflow(("connections", "Code", {"main": [[{"node": "Start"}]]})), ["connections: 1 added"]),
        (workflow(("connections", "Start", "main", 0, 0, "index", 1)), ["connections: their order or places"]),
        (workflow(("settings", "x", 1), ("meta", None)), ["other keys of the workflow: settings, meta"]),
    ],
)  # fmt: skip
def test_what_differs_is_told(after: Content, sentences: list[str]) -> None:
    assert differences(content(), after) == sentences


def test_nodes_without_a_name_or_with_one_that_others_have_are_told_apart_as_far_as_possible() -> None:
    twins = [{"name": "x", "type": "t"}, {"name": "x", "type": "t"}, {"type": "u"}, "no node"]
    before = content(workflow={"nodes": twins})
    after = content(workflow={"nodes": [*twins[1:], {"name": "x", "type": "v"}]})
    assert differences(before, after) == ["nodes: 1 added (x), 1 removed (x)"]


def test_of_many_five_are_named() -> None:
    before = content(workflow={"nodes": []})
    after = content(workflow={"nodes": [{"id": str(n), "name": f"n{n}"} for n in range(8)]})
    assert differences(before, after) == ["nodes: 8 added (n0, n1, n2, n3, n4 and 3 more)"]
