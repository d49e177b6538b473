"""The API's answers about one template. Pure."""

from __future__ import annotations

import json
from typing import Any

import orjson

from n8n_scraper.replica.catalogue import CATEGORIES
from n8n_scraper.replica.library import Entry, Library
from n8n_scraper.replica.replies import JSON, NOT_FOUND, Reply, json_reply

Answer = dict[str, Any]


def detail(library: Library, id: int | None) -> Reply:
    entry = library.entries.get(id or 0)
    if entry is None or not entry.is_published:
        return NOT_FOUND
    return Reply(200, b'{"workflow":' + library.answer(entry.id) + b"}", JSON)


def attributes(library: Library, id: int | None) -> Reply:
    """The only answer with ``updatedAt`` and a price per id; it also tells of unpublished templates."""
    entry = library.entries.get(id or 0)
    if entry is None or entry.status == "gone":
        return NOT_FOUND
    answer = _parse_exactly(library, entry)
    kept = {key: answer.get(key) for key in ("name", "description", "workflow", "workflowInfo", "createdAt")}
    more = {
        "updatedAt": entry.updated_at,
        "views": answer.get("views"),
        "recentViews": answer.get("recentViews"),
        "hidden": not entry.listed,
        "username": answer["user"]["username"],
        "status": entry.status,
        "price": entry.price,
        "difficulty": None,
        "readyToDemo": False,
    }
    return _exact({"data": {"id": entry.id, "attributes": {**kept, **more}}, "meta": {}})


def importable(library: Library, id: int | None) -> Reply:
    """What the editor imports."""
    entry = library.entries.get(id or 0)
    if entry is None or not entry.is_published:
        return NOT_FOUND
    answer = _parse_exactly(library, entry)
    return _exact({"id": entry.id, "name": answer["name"], "workflow": answer["workflow"]})


def categories() -> Reply:
    rows = [
        {"id": number, "name": name, "displayName": name, "icon": "📁", "parent": None}
        for name, number in CATEGORIES.items()
    ]
    return json_reply({"categories": rows})


def parse(library: Library, entry: Entry) -> Answer:
    """For pages and listing: quick, and exact in all that they show."""
    try:
        answer: Answer = orjson.loads(library.answer(entry.id))
    except ValueError:  # NaN, lone surrogates, deep nesting
        return _parse_exactly(library, entry)
    return answer


def _parse_exactly(library: Library, entry: Entry) -> Answer:
    answer: Answer = json.loads(library.answer(entry.id))
    return answer


def _exact(value: Any) -> Reply:
    """Written by the standard library: whole numbers of any size and lone surrogates pass unchanged."""
    return Reply(200, json.dumps(value, separators=(",", ":")).encode(), JSON)
