"""The API's answers about one template. Pure."""

from __future__ import annotations

import json
from typing import Any

import orjson

from n8n_scraper.replica.catalogue import CATEGORIES
from n8n_scraper.replica.json_members import joined, members
from n8n_scraper.replica.library import Entry, Library
from n8n_scraper.replica.replies import JSON, NOT_FOUND, Reply, json_reply

Answer = dict[str, Any]
_ATTRIBUTES = ("name", "description", "workflow", "workflowInfo", "createdAt", "views", "recentViews")


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
    parts = members(library.answer(entry.id))
    known = {
        "updatedAt": entry.updated_at,
        "hidden": not entry.listed,
        "username": entry.author,
        "status": entry.status,
        "price": entry.price,
        "difficulty": None,
        "readyToDemo": False,
    }
    attributes = {key: parts[key] for key in _ATTRIBUTES if key in parts}
    attributes |= {key: orjson.dumps(value) for key, value in known.items()}
    data = joined({"id": b"%d" % entry.id, "attributes": joined(attributes)})
    return Reply(200, joined({"data": data, "meta": b"{}"}), JSON)


def importable(library: Library, id: int | None) -> Reply:
    """What the editor imports."""
    entry = library.entries.get(id or 0)
    if entry is None or not entry.is_published:
        return NOT_FOUND
    parts = members(library.answer(entry.id))
    return Reply(200, joined({key: parts[key] for key in ("id", "name", "workflow")}), JSON)


def categories() -> Reply:
    rows = [
        {"id": number, "name": name, "displayName": name, "icon": "📁", "parent": None}
        for name, number in CATEGORIES.items()
    ]
    return json_reply({"categories": rows})


def parse(library: Library, entry: Entry) -> Answer:
    """For pages and listing, which show nothing of the workflow: what cannot be parsed there is left out."""
    text = library.answer(entry.id)
    try:
        answer: Answer = orjson.loads(text)
    except ValueError:  # NaN, lone surrogates, deep nesting
        answer = {key: json.loads(part) for key, part in members(text).items() if key != "workflow"}
    return answer
