"""Which fields an answer has, however they were dropped, renamed or changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.layers.presence import fields_of
from n8n_scraper.site.detail import Detail, EditorFacts
from n8n_scraper.site.page import PageFacts

ANSWER: dict[str, Any] = {
    "id": 7,
    "name": "Title",
    "totalViews": 0,
    "recentViews": 0,
    "createdAt": "2026-01-02T03:04:05.678Z",
    "description": "Text",
    "user": {"name": "Ann", "username": "ann", "verified": False},
    "categories": [{"id": 1, "name": "AI"}],
    "workflow": {"nodes": [{"type": "n8n-nodes-base.set", "name": "Set"}], "connections": {}},
}
Change = Callable[[dict[str, Any]], Any]


def missing(answer: dict[str, Any]) -> set[str]:
    fields = fields_of({"detail": Detail(answer, False)}, {})
    return {name for (_, name), is_there in fields.items() if not is_there}


def test_zero_and_false_are_there() -> None:
    assert missing(ANSWER) == set()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda a: a.pop("categories"), {"categories"}),
        (lambda a: a.update(categories=[]), {"categories"}),
        (lambda a: a.update(categories=[{"title": "AI"}]), {"categories"}),
        (lambda a: a.update(name=None), {"name"}),
        (lambda a: a.update(name="  "), {"name"}),
        (lambda a: a.update(user="Ann"), {"author_name", "author_username", "author_verified"}),
        (lambda a: a["user"].pop("username"), {"author_username"}),
        (lambda a: a.update(createdAt="last week"), {"created_at"}),
        (lambda a: a.update(totalViews="many"), {"views"}),
        (lambda a: a.update(description={"en": "Text"}), {"description"}),
        (lambda a: a["workflow"].pop("connections"), {"workflow.connections"}),
        (lambda a: a["workflow"]["nodes"][0].pop("type"), {"workflow.nodes.type"}),
        (lambda a: a["workflow"].update(nodes=[]), {"workflow.nodes", "workflow.nodes.type"}),
        (
            lambda a: a["workflow"].update(nodes={"Set": {}}),
            {"workflow", "workflow.nodes", "workflow.nodes.type", "workflow.connections"},
        ),
    ],
)
def test_what_cannot_be_read_is_missing(change: Change, expected: set[str]) -> None:
    answer = copy.deepcopy(ANSWER)
    change(answer)
    assert missing(answer) == expected


def test_pages_and_editor_answers_are_told_apart() -> None:
    page = PageFacts(True, title="Title", categories=["AI"], is_paid=False)
    fields = fields_of({"page": page, "editor": EditorFacts(None, None, None, "published")}, {})
    assert fields["page", "title"]
    assert fields["page", "is_paid"]
    assert not fields["page", "author_name"]
    assert not fields["editor", "is_paid"]


@pytest.mark.parametrize(
    ("kind", "expected"), [("malformed", {("detail", "answer"): False}), ("gone", {}), ("network", {})]
)
def test_an_answer_that_cannot_be_read_lacks_everything(kind: str, expected: dict[tuple[str, str], bool]) -> None:
    assert fields_of({}, {"detail": UnusableAnswer(kind, "why")}) == expected
