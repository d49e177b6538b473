"""From a row of our own JSONL export back to the answer it came from, as far as the row still tells. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from n8n_scraper.replica.catalogue import BY_TYPE, CATEGORIES, entry_json

_ICON_BYTES = 200


def is_exported(row: dict[str, Any]) -> bool:
    return "crawl_status" in row


def rebuild(row: dict[str, Any]) -> dict[str, Any]:
    """What a row has lost is left empty: bio, links, image list, the JSON of a paid template."""
    workflow = row.get("workflow") or {"nodes": [], "connections": {}}
    nodes = [node for node in workflow.get("nodes") or () if isinstance(node, dict)]
    types = [node["type"] for node in nodes if isinstance(node.get("type"), str)]
    views = row.get("views") or 0
    return {
        "id": row["id"],
        "name": row.get("name") or "",
        "views": views,
        "recentViews": row.get("recent_views") or 0,
        "totalViews": views,
        "createdAt": _milliseconds(row.get("created_at")),
        "description": row.get("description") or "",
        "workflow": workflow,
        "lastUpdatedBy": None,
        "workflowInfo": {"nodeCount": len(nodes), "nodeTypes": {t: {"count": types.count(t)} for t in set(types)}},
        "status": "published",
        "user": _user(row),
        "nodes": [orjson.loads(entry_json(name, _ICON_BYTES)) for name in sorted(set(types) & BY_TYPE.keys())],
        "categories": [{"id": CATEGORIES.get(name, 0), "name": name} for name in row.get("categories") or ()],
        "image": [],
    }


def _user(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row.get("author_name") or "",
        "username": row.get("author_username") or "",
        "bio": None,
        "verified": bool(row.get("author_verified")),
        "links": [],
        "avatar": "",
    }


def _milliseconds(moment: str | None) -> str:
    """``2024-01-02T03:04:05.678900Z`` → ``2024-01-02T03:04:05.678Z``; an unknown one is the oldest day of the site."""
    if not moment:
        return "2019-10-01T00:00:00.000Z"
    seconds, _, fraction = moment.rstrip("Z").partition(".")
    return f"{seconds}.{fraction[:3]:0<3}Z"
