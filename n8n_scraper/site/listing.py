"""A page of the listing: prices and views of up to 100 workflows in one request. Pure."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.site.addresses import MAX_ID
from n8n_scraper.site.json_text import canonical, load_json
from n8n_scraper.site.values import read_count, read_price


class ListingEntry(NamedTuple):
    id: int
    is_paid: bool | None
    price_usd: float | None
    views: int | None
    digest: str
    """Of all that it tells of the workflow but views: name, description in plain text, node types, author, price. Edits
    that show in none of these do not change it.
    """


class Listing(NamedTuple):
    total: int
    """Workflows in the whole library."""
    entries: list[ListingEntry]
    unreadable_count: int = 0
    """Rows without an id, left out."""


def read_listing(body: bytes) -> Listing:
    """Raises:
    UnusableAnswer: ``malformed`` when it is no listing, ``too_large``.
    """
    answer, _ = load_json(body)
    rows = answer.get("workflows") if isinstance(answer, dict) else None
    total = read_count(answer.get("totalWorkflows")) if isinstance(answer, dict) else None
    if not isinstance(rows, list) or total is None:
        raise UnusableAnswer("malformed", "a listing without workflows and totalWorkflows")
    entries = [entry for entry in map(_entry, rows) if entry is not None]
    return Listing(total, entries, len(rows) - len(entries))


def _entry(row: Any) -> ListingEntry | None:
    number = read_count(row.get("id")) if isinstance(row, dict) else None
    if not number or number > MAX_ID:
        return None
    is_paid, price_usd = _price(row)
    return ListingEntry(number, is_paid, price_usd, read_count(row.get("totalViews")), _digest(row))


def _digest(row: dict[str, Any]) -> str:
    nodes = row.get("nodes")
    user = row.get("user")
    told = {
        "name": row.get("name"),
        "description": row.get("description"),
        "nodes": sorted(str(n.get("name")) for n in (nodes if isinstance(nodes, list) else ()) if isinstance(n, dict)),
        "user": user.get("username") if isinstance(user, dict) else None,
        "price": _price(row),
    }
    return sha256(canonical(told)).hexdigest()


def _price(row: dict[str, Any]) -> tuple[bool | None, float | None]:
    """An absent price means free, but only beside a purchaseUrl that is there and null.

    Paid JSON is not published, so a listing whose keys were renamed must read as unknown, not as free.
    """
    price = read_price(row.get("price"))
    if price or row.get("purchaseUrl"):
        return True, price or None
    is_free = row.get("price") in (None, 0) and row.get("purchaseUrl", "renamed") is None
    return (False, 0.0) if is_free else (None, None)
