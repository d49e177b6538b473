"""The listing: ``/api/templates/search``. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from n8n_scraper.replica.answers import Answer, parse
from n8n_scraper.replica.library import Entry, Library, listed
from n8n_scraper.replica.replies import PLAIN, Reply, json_reply

MAX_ROWS = 100
_MARKUP = re.compile(r"!?\[[^\]]*\]\([^)]*\)|<[^>]+>|[#*`_>~]+")


def search(library: Library, query: Mapping[str, str]) -> Reply:
    """One page of the listing, newest first; 400 for what the real one refuses."""
    try:
        page, rows = int(query.get("page") or 1), int(query.get("rows") or 20)
    except ValueError:
        return Reply(400, b"Bad Request", PLAIN)
    if page < 1 or not 1 <= rows <= MAX_ROWS:
        return Reply(400, b"Bad Request", PLAIN)
    found = [entry for entry in listed(library) if _matches(entry, query)]
    _sort(found, query.get("sort", ""))
    shown = found[(page - 1) * rows : page * rows]
    return json_reply(
        {
            "totalWorkflows": len(found),
            "workflows": [_item(entry, parse(library, entry)) for entry in shown],
            "filters": [_counts(found)],
        }
    )


def _matches(entry: Entry, query: Mapping[str, str]) -> bool:
    wanted = [name for name in query.get("category", "").split(",") if name]
    return (
        (not wanted or any(name in entry.categories for name in wanted))
        and query.get("search", "").lower() in entry.name.lower()
        and {"free": entry.price is None, "paid": entry.price is not None}.get(query.get("price", ""), True)
    )


def _sort(found: list[Entry], sort: str) -> None:
    field, _, direction = sort.partition(":")
    if field in {"views", "totalViews", "trendingScore"}:
        found.sort(key=lambda entry: entry.views, reverse=direction != "asc")
    elif direction != "asc":
        found.reverse()


def _item(entry: Entry, answer: Answer) -> dict[str, Any]:
    user = {**answer["user"], "id": sum(map(ord, entry.author)), "links": json.dumps(answer["user"].get("links"))}
    item = {
        "id": entry.id,
        "name": answer["name"],
        "totalViews": answer["totalViews"],
        "purchaseUrl": None if entry.price is None else f"https://pay.example.com/templates/{entry.id}",
        "user": user,
        "description": plain(answer["description"] or ""),
        "createdAt": answer["createdAt"],
        "nodes": answer["nodes"],
    }
    return item | _price(entry)


def _price(entry: Entry) -> dict[str, float]:
    """A free template has a price of 0 or, more often, none at all."""
    if entry.price is not None:
        return {"price": entry.price}
    return {} if entry.id % 4 else {"price": 0}


def plain(markdown: str) -> str:
    """A description as the listing has it: marks, images and links taken out."""
    return re.sub(r"[ \t]+", " ", _MARKUP.sub("", markdown)).strip()


def _counts(found: list[Entry]) -> dict[str, Any]:
    counts = Counter(name for entry in found for name in entry.categories)
    values = [{"count": count, "highlighted": name, "value": name} for name, count in counts.most_common()]
    return {"field_name": "categories", "counts": values, "sampled": False, "stats": {"total_values": len(values)}}
