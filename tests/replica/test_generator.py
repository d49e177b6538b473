from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from n8n_scraper.replica.catalogue import STICKY_NOTE
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.traps import ALL_TRAPS, REAL_TRAPS

KEYS = [
    "id", "name", "views", "recentViews", "totalViews", "createdAt", "description", "workflow", "lastUpdatedBy",
    "workflowInfo", "status", "user", "nodes", "categories", "image",
]  # fmt: skip


@pytest.fixture(scope="module")
def mixed() -> GeneratedLibrary:
    return GeneratedLibrary(Recipe(count=300, icons=200))


@pytest.fixture(scope="module")
def trapped() -> GeneratedLibrary:
    """Every trap there is, at least once."""
    return GeneratedLibrary(Recipe(count=len(ALL_TRAPS) + 3, traps=1, hostile=True, icons=0))


def answers(library: GeneratedLibrary) -> list[dict[str, Any]]:
    return [json.loads(library.answer(id)) for id in library.entries]


def digest(library: GeneratedLibrary) -> str:
    whole = hashlib.sha256()
    for id in library.entries:
        whole.update(repr(library.entries[id]).encode() + library.answer(id))
    return whole.hexdigest()


def test_the_same_seed_gives_the_same_bytes_on_every_python() -> None:
    """A change of the generator changes this on purpose; a change of machine or Python must not."""
    library = GeneratedLibrary(Recipe(count=100, seed=7, hostile=True))
    assert digest(library) == "c0e833e617e09e8e814f3145a20634f84e50f75641ebc26a1fd6bacab08587e8"


def test_an_answer_does_not_depend_on_those_made_before() -> None:
    recipe = Recipe(count=200, traps=1, hostile=True, icons=0)
    forward, backward = GeneratedLibrary(recipe), GeneratedLibrary(recipe)
    made = {id: forward.answer(id) for id in forward.entries}
    assert {id: backward.answer(id) for id in reversed(backward.entries)} == made


def test_another_seed_gives_another_library() -> None:
    assert digest(GeneratedLibrary(Recipe(count=5, seed=1))) != digest(GeneratedLibrary(Recipe(count=5, seed=2)))


def test_a_template_does_not_depend_on_the_size_of_its_library(mixed: GeneratedLibrary) -> None:
    small = GeneratedLibrary(Recipe(count=40, icons=200))
    assert small.entries == {id: mixed.entries[id] for id in small.entries}
    assert all(small.answer(id) == mixed.answer(id) for id in small.entries)


@pytest.mark.parametrize("count", [0, 1, 17, 300])
def test_count_is_what_is_listed(count: int) -> None:
    entries = GeneratedLibrary(Recipe(count=count)).entries.values()
    assert sum(entry.listed and entry.is_published for entry in entries) == count


def test_ids_are_low_and_sparse_and_some_are_not_listed(mixed: GeneratedLibrary) -> None:
    ids = list(mixed.entries)
    assert ids == sorted(ids)
    assert ids[0] <= 3
    assert 0.55 < len(ids) / ids[-1] < 0.69
    odd = [(entry.status, entry.listed) for entry in mixed.entries.values() if not entry.listed]
    assert set(odd) == {("unpublished", False), ("gone", False), ("published", False)}


def test_paid_ones_are_a_seeded_share() -> None:
    prices = {share: _priced(share) for share in (0.0, 0.06, 0.5, 1.0)}
    assert [len(ids) for ids in prices.values()] == pytest.approx([0, 30, 250, 500], abs=25)
    assert prices[0.06] < prices[0.5] < prices[1.0]


def _priced(share: float) -> set[int]:
    entries = GeneratedLibrary(Recipe(count=500, paid=share)).entries.values()
    return {entry.id for entry in entries if entry.price is not None and entry.listed}


def test_good_templates_are_perfectly_good(mixed: GeneratedLibrary) -> None:
    good = [entry for entry in mixed.entries.values() if entry.trap is None]
    assert len(good) > len(mixed.entries) * 0.45
    for entry in good:
        answer = json.loads(mixed.answer(entry.id))
        assert list(answer) == KEYS
        assert len(answer["description"]) > 1000
        assert sum(line.startswith("#") for line in answer["description"].split("\n")) >= 4
        assert "\n4. " in answer["description"]
        _assert_sound(answer)


def _assert_sound(answer: dict[str, Any]) -> None:
    nodes, connections = answer["workflow"]["nodes"], answer["workflow"]["connections"]
    names = [node["name"] for node in nodes]
    assert len(names) == len(set(names)) == len({node["id"] for node in nodes})
    assert answer["workflowInfo"]["nodeCount"] == len(nodes)
    assert {node["name"] for node in answer["nodes"]} == {node["type"] for node in nodes}
    reached = {
        end["node"] for outputs in connections.values() for slots in outputs.values() for s in slots for end in s
    }
    assert reached | connections.keys() == {node["name"] for node in nodes if node["type"] != STICKY_NOTE}


def test_sizes_are_those_of_real_answers() -> None:
    library = GeneratedLibrary(Recipe(count=200, traps=0))
    assert statistics.median(len(library.answer(id)) for id in library.entries) == pytest.approx(38_000, rel=0.15)
    rows = answers(library)
    nodes = [node for row in rows for node in row["workflow"]["nodes"]]
    assert sum(node["type"] == STICKY_NOTE for node in nodes) / len(nodes) == pytest.approx(0.28, abs=0.05)
    assert statistics.median(len(row["description"]) for row in rows) == pytest.approx(2400, rel=0.15)


def test_small_icons_make_small_answers() -> None:
    small, large = (GeneratedLibrary(Recipe(count=30, traps=0, icons=icons)) for icons in (0, 1800))
    for id in small.entries:
        assert len(small.answer(id)) < len(large.answer(id)) * 0.75


def test_names_are_short_enough_and_distinct_enough(mixed: GeneratedLibrary) -> None:
    names = [entry.name for entry in mixed.entries.values()]
    assert max(map(len, names)) <= 119
    assert len(set(names)) > len(names) * 0.95
    assert len(set(names)) < len(names), "duplicates exist"


def test_without_traps_there_are_none() -> None:
    assert {entry.trap for entry in GeneratedLibrary(Recipe(count=150, traps=0)).entries.values()} == {None}


def test_hostile_traps_come_only_when_asked_for(mixed: GeneratedLibrary, trapped: GeneratedLibrary) -> None:
    assert {entry.trap for entry in mixed.entries.values()} - {None} == set(REAL_TRAPS)
    assert {entry.trap for entry in trapped.entries.values()} - {None} == set(ALL_TRAPS)


def _nodes(answer: dict[str, Any]) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = answer["workflow"]["nodes"]
    return nodes


def _text(answer: dict[str, Any]) -> str:
    return str(answer["description"])


def _notes(answer: dict[str, Any]) -> str:
    return "\n".join(n["parameters"].get("content", "") for n in _nodes(answer) if n.get("type") == STICKY_NOTE)


def _connections(answer: dict[str, Any]) -> dict[str, Any]:
    connections: dict[str, Any] = answer["workflow"]["connections"]
    return connections


def _lacks(key: str) -> Callable[[dict[str, Any]], bool]:
    return lambda answer: sum(key not in node for node in _nodes(answer)) == 1


CHECKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "blank_ends": lambda a: a["name"] != a["name"].strip(),
    "emoji_name": lambda a: max(map(ord, a["name"])) > 0x2700,
    "long_name": lambda a: len(a["name"]) == 119,
    "sign_name": lambda a: {"|", "&", "%", '"', "<"} <= set(a["name"]),
    "short_description": lambda a: len(_text(a)) < 50,
    "thin_description": lambda a: "#" not in _text(a) and "1. " in _text(a),
    "html_description": lambda a: "<div" in _text(a),
    "entities": lambda a: "-&gt;" in _text(a) and "&lt;tag&gt;" in _text(a),
    "unclosed_fence": lambda a: _text(a).count("```") % 2 == 1,
    "line_separator": lambda a: "\u2028" in _text(a) and "\u2028" in _notes(a) and "\x85" in _text(a),
    "file_images": lambda a: {i["id"] for i in a["image"]} == {18, 19} and "(fileId:18)" in _text(a),
    "linked_images": lambda a: "[![" in _text(a),
    "note_image": lambda a: "![Guide](https://images.example.com/" in _notes(a),
    "data_image": lambda a: "(data:image/png;base64," in _notes(a),
    "youtube_short_link": lambda a: "https://youtu.be/" in _text(a),
    "youtube_watch": lambda a: "youtube.com/watch?v=" in _text(a),
    "youtube_embed": lambda a: "youtube.com/embed/" in _text(a),
    "youtube_shorts": lambda a: "youtube.com/shorts/" in _text(a),
    "youtube_live": lambda a: "youtube.com/live/" in _text(a),
    "youtube_nocookie": lambda a: "youtube-nocookie.com/embed/" in _text(a),
    "youtube_thumbnails": lambda a: "img.youtube.com/vi/" in _text(a) and "i.ytimg.com/vi/" in _text(a),
    "youtube_not_a_video": lambda a: "youtube.com/@" in _text(a) and "playlist?list=" in _text(a),
    "note_video": lambda a: "@[youtube](" in _notes(a),
    **{f"node_without_{key}": _lacks(key) for key in ("name", "type", "parameters", "id", "position", "typeVersion")},
    "named_credentials": lambda a: any(n.get("credentials") == {"smtp": "mail account"} for n in _nodes(a)),
    "bare_credentials": lambda a: any(n.get("credentials") == "mail account" for n in _nodes(a)),
    "null_slot": lambda a: any(s is None for o in _connections(a).values() for s in o.get("main", ())),
    "foreign_source": lambda a: "node1" in _connections(a),
    "emoji_key": lambda a: any("🚀" in key for key in _connections(a)),
    "newline_key": lambda a: any("\n" in key for key in _connections(a)),
    "duplicate_node_ids": lambda a: len({n["id"] for n in _nodes(a)}) < len(_nodes(a)),
    "duplicate_node_names": lambda a: len({n["name"] for n in _nodes(a)}) < len(_nodes(a)),
    "disabled_node": lambda a: any(n.get("disabled") for n in _nodes(a)),
    "community_node": lambda a: any(n["type"].startswith(("@example/", "CUSTOM.")) for n in _nodes(a)),
    "no_notes": lambda a: not _notes(a) and len(_nodes(a)) > 1,
    "only_notes": lambda a: {n["type"] for n in _nodes(a)} == {STICKY_NOTE} and _connections(a) == {},
    "single_node": lambda a: len(_nodes(a)) == 1,
    "empty_note": lambda a: any("content" not in n["parameters"] for n in _nodes(a) if n["type"] == STICKY_NOTE),
    "odd_positions": lambda a: any(isinstance(n["position"], dict) for n in _nodes(a)),
    "settings_text": lambda a: isinstance(a["workflow"]["settings"], str),
    "active_text": lambda a: a["workflow"]["active"] == "false",
    "static_data_text": lambda a: a["workflow"]["staticData"] == "{}",
    "inner_id_int": lambda a: a["workflow"]["id"] == 17,
    "meta_null": lambda a: a["workflow"]["meta"] is None,
    "version_id_null": lambda a: a["workflow"]["versionId"] is None,
    "saved_keys": lambda a: "shared" in a["workflow"],
    "info_null": lambda a: a["workflowInfo"] is None,
    "info_wrong": lambda a: a["workflowInfo"]["nodeCount"] == len(_nodes(a)) + 3,
    "no_category": lambda a: a["categories"] == [],
    "one_category": lambda a: len(a["categories"]) == 1,
    "editor_null": lambda a: a["lastUpdatedBy"] is None,
    "new_keys": lambda a: a["reviewStatus"] == "approved" and a["readyToDemo"] is True,
    "quiet_author": lambda a: a["user"]["bio"] is None and a["user"]["links"] == [],
    "deep": lambda a: '{"level7":[' in json.dumps(a["workflow"], separators=(",", ":")),
    "long_text": lambda a: 32_767 < _longest(a) < 131_072,
    "longer_text": lambda a: 131_072 < _longest(a) < 200_000,
    "huge_workflow": lambda a: len(json.dumps(a["workflow"])) > 700_000,
    "pin_data": lambda a: len(next(iter(a["workflow"]["pinData"].values()))) == 40,
    "formulas": lambda a: any(n["parameters"].get("value") == "=1+1" for n in _nodes(a)),
    "all_connection_types": lambda a: {
        "main", "ai_embedding", "ai_document", "ai_textSplitter", "ai_vectorStore", "ai_tool", "ai_languageModel",
    } <= {kind for outputs in _connections(a).values() for kind in outputs},
    "empty_slug": lambda a: "!!!" in a["name"],
    "empty_name": lambda a: a["name"] == "",
    "nul": lambda a: "\x00" in _text(a),
    "no_nodes": lambda a: _nodes(a) == [],
    "without_connections": lambda a: "connections" not in a["workflow"],
    "proto_key": lambda a: any("__proto__" in n["parameters"] for n in _nodes(a)),
    "empty_description": lambda a: a["description"] == "",
    "null_description": lambda a: a["description"] is None,
}  # fmt: skip
RAW_CHECKS: dict[str, bytes] = {
    "duplicate_name": b'"name":"Send a daily report by mail"',
    "other_scripts": "日本語".encode(),
    "code_blocks": b"~~~python",
    "tables_and_links": b"|---|---|",
    "other_platforms": b"https://www.loom.com/share/",
    "extra_node_keys": b'"onError":"continueErrorOutput"',
    "numbers": b'"chat":9007199254740993',
    "escaped_nul": rb"split('\\\\u0000')",
    "secret_key": b"Bearer sk-",
    "secret_apify": b"Bearer apify_api_",
    "secret_github": b"Bearer ghp_",
    "secret_airtable": b"Bearer pat",
    "lone_surrogate": rb'"\ud83d alone"',
    "huge_int": b"123456789012345678901234567890",
    "huge_float": b"1e400",
    "not_a_number": b":NaN",
    "deep_300": b"[" * 300 + b"]" * 300,
    "deep_2000": b"[" * 2000,
    "duplicate_keys": b'{"a":1,"a":2}',
}


def _longest(answer: dict[str, Any]) -> int:
    return max(len(str(value)) for node in _nodes(answer) for value in node["parameters"].values())


def _of(trapped: GeneratedLibrary, trap: str) -> bytes:
    return trapped.answer(next(entry.id for entry in trapped.entries.values() if entry.trap == trap))


@pytest.mark.parametrize("trap", CHECKS)
def test_a_trap_is_what_it_says(trapped: GeneratedLibrary, trap: str) -> None:
    assert CHECKS[trap](json.loads(_of(trapped, trap)))


@pytest.mark.parametrize("trap", RAW_CHECKS)
def test_a_trap_is_in_the_bytes(trapped: GeneratedLibrary, trap: str) -> None:
    assert RAW_CHECKS[trap] in _of(trapped, trap)


def test_every_trap_is_checked() -> None:
    assert {*CHECKS, *RAW_CHECKS} == set(ALL_TRAPS)


def test_untouched_numbers_keep_their_spelling(trapped: GeneratedLibrary) -> None:
    answer = _of(trapped, "numbers")
    for number in (b"1.5E-7", b"6.02e+23", b"0.10000000000000000555", b"-0.0", b"-1001234567890123456"):
        assert number in answer
