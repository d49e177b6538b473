from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.site.detail import EditorFacts, read_detail, read_editor


def _detail(**members: Any) -> bytes:
    return json.dumps({"workflow": {"id": 7, "status": "published", **members}}).encode()


def _editor(id: Any = 7, **attributes: Any) -> bytes:
    return json.dumps({"data": {"id": id, "attributes": {"status": "published", **attributes}}, "meta": {}}).encode()


def test_detail_keeps_all_keys_but_the_catalogue() -> None:
    detail = read_detail(_detail(nodes=[{"iconData": "x"}], brandNew=[1], workflow={"nodes": [2]}), 7)
    assert detail.workflow == {"id": 7, "status": "published", "brandNew": [1], "workflow": {"nodes": [2]}}
    assert not detail.repaired


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (_detail(id=8), "malformed"),
        (_detail(id="7"), "malformed"),
        (_detail(id=None), "malformed"),
        (b'{"workflow": []}', "malformed"),
        (b'{"message": "x"}', "malformed"),
        (b"[]", "malformed"),
        (b"Not found", "malformed"),
        (_detail(status="draft"), "gone"),
        (_detail(status=["published"]), "gone"),
        (_detail(status="draft", id=8), "malformed"),
    ],
)
def test_detail_refuses(body: bytes, kind: str) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        read_detail(body, 7)
    assert caught.value.kind == kind


def test_true_is_not_the_workflow_1() -> None:
    with pytest.raises(UnusableAnswer):
        read_detail(_detail(id=True), 1)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"price": None}, (False, 0.0)),
        ({"price": 0}, (False, 0.0)),
        ({"price": 20}, (True, 20.0)),
        ({"price": "20"}, (True, 20.0)),
        ({"price": "soon"}, (None, None)),
        ({"price": -1}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_editor_price(attributes: dict[str, Any], expected: tuple[bool | None, float | None]) -> None:
    assert read_editor(_editor(**attributes), 7)[:2] == expected


def test_editor_facts() -> None:
    facts = read_editor(_editor(price=None, updatedAt="2026-01-02T03:04:05.678Z", status="unpublished"), 7)
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)
    assert facts == EditorFacts(is_paid=False, price_usd=0.0, updated_at=moment, status="unpublished")


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"data": []}', b'{"data": {"id": 7}}', _editor(id=8), b"x"])
def test_editor_refuses(body: bytes) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        read_editor(body, 7)
    assert caught.value.kind == "malformed"
