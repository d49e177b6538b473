"""The past of a workflow, told to people and to programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from n8n_scraper.printable import printable


class Version(NamedTuple):
    """One version of a template, the one in force included."""

    version: int
    source: str
    content_hash: str
    seen_from: datetime
    """When a crawl found it first."""
    last_seen_at: datetime | None
    """When a crawl found it last: it changed between this and ``seen_to``."""
    seen_to: datetime | None
    """When a crawl found another; None while it is in force."""
    differences: list[str]
    """Against the version before, in words; empty for the first."""
    has_json: bool


class Past(NamedTuple):
    row: dict[str, Any]
    """id, name, url, author_name, author_username, crawl_status, is_listed, is_paid and the times …_at of its row."""
    versions: list[Version]
    """The first one first; empty where it never had content."""
    observations: list[dict[str, Any]]
    """observed_at, views, recent_views, is_paid, price_usd: whenever one of them had moved."""


def as_json(past: Past) -> dict[str, Any]:
    """Times stay datetimes."""
    return {**past.row, "versions": [version._asdict() for version in past.versions], "observations": past.observations}


def as_text(past: Past) -> str:
    return "\n".join([*_head(past.row), *_versions(past.versions), *_observations(past.observations)])


def _head(row: dict[str, Any]) -> Iterator[str]:
    yield f"{row['id']}  {_shown(row['name'])}"
    yield f"    {_shown(row['url'])}, by {_shown(row['author_name'])} (@{_shown(row['author_username'])})"
    since = f", gone since {_time(row['gone_at'])}" if row["gone_at"] else ""
    yield f"    {row['crawl_status']}, first seen {_time(row['first_seen_at'])}, last {_time(row['scraped_at'])}{since}"


def _versions(versions: list[Version]) -> Iterator[str]:
    yield "versions"
    if not versions:
        yield "    none: it never had content"
    for version in reversed(versions):
        until = f"to {_time(version.seen_to)}" if version.seen_to else "in force"
        last = f", seen last {_time(version.last_seen_at)}" if version.seen_to and version.last_seen_at else ""
        kept = "" if version.has_json else ", JSON not in the store"
        yield f"    {version.version}  {_time(version.seen_from)} {until}{last}, {version.content_hash[:12]}{kept}"
        yield from (f"         {sentence}" for sentence in version.differences)


def _observations(observations: list[dict[str, Any]]) -> Iterator[str]:
    yield "views and price"
    for seen in observations:
        recent = "" if seen["recent_views"] is None else f" ({seen['recent_views']:,} recent)"
        views = "unknown" if seen["views"] is None else f"{seen['views']:,}"
        yield f"    {_time(seen['observed_at'])}  {views} views{recent}, {_price(seen['is_paid'], seen['price_usd'])}"


def _price(is_paid: bool | None, price_usd: float | None) -> str:
    if is_paid is None:
        return "price unknown"
    return "free" if not is_paid else "paid" if price_usd is None else f"${price_usd:,.2f}"


def _shown(text: str | None) -> str:
    return "unknown" if text is None else printable(text)


def _time(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
