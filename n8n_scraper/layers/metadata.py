"""Layer 1: who published what and when, from the API answer. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from n8n_scraper.items import WorkflowItem
from n8n_scraper.site.timestamps import read_timestamp
from n8n_scraper.site.values import read_count, read_label

MAX_CATEGORIES = 50


def fill_metadata(item: WorkflowItem, answer: dict[str, Any], now: datetime | None = None) -> None:
    """Fills the columns of layer 1; what the answer does not have in a usable form stays null."""
    item.name = read_name(answer)
    user = answer.get("user")
    author = user if isinstance(user, dict) else {}
    item.author_name = read_label(author.get("name"))
    item.author_username = read_label(author.get("username"))
    verified = author.get("verified")
    item.author_verified = verified if isinstance(verified, bool) else None
    item.categories = _categories(answer.get("categories"))
    item.created_at = read_timestamp(answer.get("createdAt"), now)
    total = read_count(answer.get("totalViews"))
    item.views = read_count(answer.get("views")) if total is None else total
    item.recent_views = read_count(answer.get("recentViews"))


def has_metadata(item: WorkflowItem) -> bool:
    """Whether the source has layer 1 at all: ``ok``, or else ``missing``. Single gaps cost quality, not the layer."""
    return any((item.name, item.author_name, item.author_username, item.categories, item.created_at))


def read_name(answer: dict[str, Any]) -> str | None:
    """The title as published, blanks at its ends included."""
    name = answer.get("name")
    return name if isinstance(name, str) else None


def _categories(value: Any) -> list[str] | None:
    if not isinstance(value, list):
        return None
    names = (read_label(entry.get("name") if isinstance(entry, dict) else entry) for entry in value[:MAX_CATEGORIES])
    return list(dict.fromkeys(name for name in names if name))
