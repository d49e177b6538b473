from __future__ import annotations

import json
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from n8n_scraper.items import COLUMN_NAMES, WorkflowItem
from n8n_scraper.layers import explainer
from n8n_scraper.layers.row import (
    PARSER_VERSION,
    add_editor,
    add_page,
    add_price,
    add_seen_on_page,
    content_hash,
    from_detail,
    from_page,
)
from n8n_scraper.quality import score
from n8n_scraper.site.detail import EditorFacts
from n8n_scraper.site.page import PageFacts

MOMENT = datetime(2026, 1, 2, tzinfo=timezone.utc)
ANSWER = {
    "id": 7,
    "name": " Post the weather ",
    "totalViews": 5,
    "createdAt": "2026-01-01T00:00:00.000Z",
    "description": "1 &lt; 2 ![shot](fileId:3)",
    "image": [{"id": 3, "url": "https://files.test/a.png"}],
    "user": {"name": "Ada", "username": "ada", "verified": False},
    "categories": [{"id": 1, "name": "Sales"}, {"id": 2, "name": "AI"}],
    "workflow": {"nodes": [{"name": "A", "type": "x.trigger"}], "connections": {}},
}
FACTS = PageFacts(
    is_template=True,
    id=7,
    slug="post-the-weather",
    url="https://n8n.io/workflows/7-post-the-weather/",
    title="Post the weather",
    author_name="Ada",
    author_username="ada",
    categories=["AI", "Sales"],
    is_paid=True,
    price_usd=20.0,
    description="Text with ![shot](https://files.test/a.png)",
    images=[("https://files.test/a.png", "shot"), ("https://files.test/only-here.png", None)],
    videos=["https://www.youtube.com/embed/dQw4w9WgXcQ", "https://preview.test/canvas"],
)
LAYER2 = ("node_count", "sticky_note_count", "connection_count", "node_types", "node_type_counts", "workflow")
LAYER3 = ("description", "explainer_text", "sections", "links", "code_blocks", "sticky_notes", "images", "videos")


def _item(layers: tuple[int, ...] = (1, 2, 3), **changes: Any) -> WorkflowItem:
    item = WorkflowItem(id=7)
    from_detail(item, {**ANSWER, **changes}, layers)
    return item


def _filled(item: WorkflowItem) -> set[str]:
    return {name for name in COLUMN_NAMES if getattr(item, name) is not None}


@pytest.mark.parametrize(
    ("layers", "statuses"),
    [
        ((1, 2, 3), ("ok", "ok", "ok")),
        ((1,), ("ok", "skipped", "skipped")),
        ((2,), ("skipped", "ok", "skipped")),
        ((3,), ("skipped", "skipped", "ok")),
        ((), ("skipped", "skipped", "skipped")),
    ],
)
def test_only_layers_asked_for_are_filled_but_the_author_always(
    layers: tuple[int, ...], statuses: tuple[str, ...]
) -> None:
    item = _item(layers)
    assert (item.layer1_status, item.layer2_status, item.layer3_status) == statuses
    assert {"name", "author_name", "author_username", "categories"} <= _filled(item)
    assert bool(set(LAYER2) & _filled(item)) is (2 in layers)
    assert bool(set(LAYER3) & _filled(item)) is (3 in layers)


def test_the_hash_is_the_same_for_all_layers_and_can_be_made_from_the_columns() -> None:
    item = _item()
    assert {_item(layers).content_hash for layers in ((1,), (2, 3), (1, 2, 3))} == {item.content_hash}
    columns = {"name": item.name, "description": item.description, "workflow": item.workflow}
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert item.content_hash == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"name": "Other"}, True),
        ({"description": "other"}, True),
        ({"workflow": {"nodes": []}}, True),
        ({"totalViews": 6}, False),
        ({"categories": []}, False),
        ({"user": None}, False),
        ({"status": "published"}, False),
    ],
)
def test_the_hash_covers_content_only(change: dict[str, Any], differs: bool) -> None:
    assert (_item(**change).content_hash != _item().content_hash) is differs


def test_what_an_answer_brings_beside_its_columns() -> None:
    item = _item()
    assert (item.source, item.parser_version) == ("api", PARSER_VERSION)
    assert item.answer == ANSWER


@pytest.mark.parametrize(
    ("changes", "statuses"),
    [
        ({"name": None}, ("ok", "ok", "ok")),
        ({"name": "", "user": {}, "categories": [], "createdAt": None}, ("missing", "ok", "ok")),
        ({"workflow": None}, ("ok", "missing", "ok")),
        ({"workflow": {"nodes": None}}, ("ok", "missing", "ok")),
        ({"workflow": {"nodes": []}}, ("ok", "ok", "ok")),
        ({"description": " "}, ("ok", "ok", "missing")),
        ({"description": 5}, ("ok", "ok", "missing")),
    ],
)
def test_missing_is_what_the_source_does_not_have(changes: dict[str, Any], statuses: tuple[str, ...]) -> None:
    item = _item(**changes)
    assert (item.layer1_status, item.layer2_status, item.layer3_status) == statuses


def test_dates_in_the_future_need_a_now() -> None:
    item = WorkflowItem(id=7)
    from_detail(item, {**ANSWER, "createdAt": "2999-01-01T00:00:00Z"}, now=MOMENT)
    assert item.created_at is None


def test_a_page_alone_brings_layers_1_and_3() -> None:
    item = WorkflowItem(id=7, layer2_status="disallowed")
    from_page(item, FACTS, "<html>")
    assert (item.layer1_status, item.layer2_status, item.layer3_status) == ("ok", "disallowed", "ok")
    assert (item.source, item.answer) == ("page", "<html>")
    assert (item.name, item.author_name, item.categories) == ("Post the weather", "Ada", ["AI", "Sales"])
    assert (item.slug, item.url, item.is_paid, item.price_usd) == (FACTS.slug, FACTS.url, True, 20.0)
    assert item.explainer_text == "Text with"
    assert [(image["url"], image["found_in"]) for image in item.images or ()] == [
        ("https://files.test/a.png", "description"),
        ("https://files.test/only-here.png", "page"),
    ]
    assert [(video["video_id"], video["found_in"]) for video in item.videos or ()] == [("dQw4w9WgXcQ", "page")]
    assert item.content_hash == content_hash("Post the weather", FACTS.description, None)
    assert not set(LAYER2) & _filled(item)


def test_a_page_alone_without_layer_3() -> None:
    item = WorkflowItem(id=7)
    from_page(item, FACTS, "<html>", (1,))
    assert (item.layer1_status, item.layer3_status) == ("ok", "skipped")
    assert not set(LAYER3) & _filled(item)


def test_a_page_beside_the_api_adds_address_price_and_images() -> None:
    item = _item()
    before = item.name, item.description, item.content_hash, item.answer
    assert add_page(item, FACTS) == []
    assert (item.slug, item.url, item.is_paid, item.price_usd) == (FACTS.slug, FACTS.url, True, 20.0)
    assert [(image["url"], image["found_in"]) for image in item.images or ()] == [
        ("https://files.test/a.png", "description"),
        ("https://files.test/only-here.png", "page"),
    ]
    assert [video["found_in"] for video in item.videos or ()] == ["page"]
    assert (item.name, item.description, item.content_hash, item.answer) == before


def test_a_page_adds_no_images_where_layer_3_was_not_asked_for() -> None:
    item = _item((1, 2))
    add_page(item, FACTS)
    assert item.images is None
    assert item.videos is None


@pytest.mark.parametrize(
    ("facts", "columns"),
    [
        ({"title": "Post  the weather"}, []),
        ({"title": "Another"}, ["name"]),
        ({"author_name": "Eve", "author_username": "eve"}, ["author_name", "author_username"]),
        ({"categories": ["Sales"]}, ["categories"]),
        ({"title": None, "author_name": None, "author_username": None, "categories": []}, []),
    ],
)
def test_the_api_wins_and_differences_are_named(facts: dict[str, Any], columns: list[str]) -> None:
    item = _item()
    before = item.name, item.author_name, item.author_username, item.categories
    assert add_page(item, FACTS._replace(**facts)) == columns
    assert (item.name, item.author_name, item.author_username, item.categories) == before


@pytest.mark.parametrize(
    ("is_paid", "price", "expected"),
    [(True, 20.0, (True, 20.0)), (True, None, (True, None)), (False, None, (False, 0.0)), (None, 3.0, (True, 9.0))],
)
def test_add_price(is_paid: bool | None, price: float | None, expected: tuple[bool, float | None]) -> None:
    item = WorkflowItem(id=7, is_paid=True, price_usd=9.0)
    add_price(item, is_paid, price)
    assert (item.is_paid, item.price_usd) == expected


def test_add_editor() -> None:
    item = WorkflowItem(id=7)
    add_editor(item, EditorFacts(is_paid=False, price_usd=0.0, updated_at=MOMENT, status="published"))
    add_editor(item, EditorFacts(is_paid=None, price_usd=None, updated_at=None, status=None))
    assert (item.is_paid, item.price_usd, item.updated_at) == (False, 0.0, MOMENT)


_KEYS = st.sampled_from(
    [*ANSWER, "nodes", "connections", "type", "position", "parameters", "content", "node", "main", "url", "username"]
)
_TEXTS = st.text() | st.sampled_from(["n8n-nodes-base.stickyNote", "](fileId:1)", "https://youtu.be/x", "# a", "A"])
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS
_JSON = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner), max_leaves=30)


@settings(max_examples=50)
@given(st.dictionaries(_KEYS, _JSON))
def test_any_answer_makes_a_row(answer: dict[str, Any]) -> None:
    item = WorkflowItem(id=7)
    from_detail(item, answer)
    statuses = {item.layer1_status, item.layer2_status, item.layer3_status}
    assert statuses <= {"ok", "missing"}
    quality = score(item, (20, 30, 40, 10))
    assert quality.score is not None
    assert 0 <= quality.score <= 100


@settings(max_examples=50)
@given(st.lists(st.dictionaries(_KEYS, _JSON) | _JSON, max_size=8), _JSON)
def test_any_workflow_makes_a_row(nodes: list[Any], connections: Any) -> None:
    item = WorkflowItem(id=7)
    from_detail(item, {"workflow": {"nodes": nodes, "connections": connections}})
    assert (item.node_count or 0) + (item.sticky_note_count or 0) == sum(isinstance(node, dict) for node in nodes)
    assert sum((item.node_type_counts or {}).values()) <= (item.node_count or 0)
    assert len(item.sticky_notes or ()) == item.sticky_note_count
    assert item.node_types == sorted(item.node_type_counts or {})
    score(item, (20, 30, 40, 10))


def test_so_many_notes_and_characters_of_notes_are_analysed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explainer, "MAX_NOTES", 3)
    monkeypatch.setattr(explainer, "MAX_NOTES_TEXT", 8)
    note = {"type": "n8n-nodes-base.stickyNote", "parameters": {"content": "abcde"}}
    item = _item(description="", workflow={"nodes": [note] * 5})
    assert item.explainer_text == "abcde\n\nabc"
    assert len(item.sticky_notes or ()) == 5


def test_what_an_earlier_row_had_from_its_page_stays_beside_a_new_answer() -> None:
    shown, own = "https://example.org/shown.png", "https://example.org/own.png"
    images = [
        {"url": shown, "alt": "Shown", "found_in": "page"},
        {"url": own, "alt": None, "found_in": "description"},
        {"url": "https://example.org/former.png", "alt": None, "found_in": "description"},
    ]
    videos = [
        {"url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ", "found_in": "page"},
        {"url": "https://www.youtube.com/watch?v=aaaaaaaaaaa", "found_in": "sticky_note"},
    ]
    item = WorkflowItem(id=1)
    add_seen_on_page(item, images, videos)
    assert (item.images, item.videos) == (None, None), "layer 3 was not asked for"
    from_detail(item, {"description": f"![Own]({own})", "workflow": {"nodes": []}}, (3,))
    add_seen_on_page(item, images, videos)
    assert [(image["url"], image["found_in"], image["alt"]) for image in item.images or ()] == [
        (own, "description", "Own"),
        (shown, "page", "Shown"),
    ]
    assert [(video["video_id"], video["found_in"]) for video in item.videos or ()] == [("dQw4w9WgXcQ", "page")]
