"""The page of a template, in the visible order of the real one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timezone
from html import escape
from typing import Any

from markdown_it import MarkdownIt

from n8n_scraper.replica.library import Entry, Library
from n8n_scraper.replica.listing import plain
from n8n_scraper.replica.page_frame import document, testimonials
from n8n_scraper.replica.payload import payload_script
from n8n_scraper.replica.slugs import slugify

TODAY = datetime(2026, 10, 15, tzinfo=timezone.utc)
"""Relative dates are counted from this day, so that the same seed gives the same page."""
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
_FILE_IMAGE = re.compile(r"\]\(fileId:(\d+)\)")


def page(url: str, entry: Entry, answer: dict[str, Any], library: Library) -> str:
    """``answer`` is the parsed ``workflow`` member; the workflow's JSON itself is not in the page."""
    name = answer["name"]
    parts = (
        '<a href="/workflows/" class="back-link">Back to Templates</a>',
        _node_chips(answer["nodes"]),
        f"<h1>{escape(name)}</h1>",
        _facts(entry, answer),
        f'<iframe class="embedded_workflow_iframe" src="{url}/preview/{entry.id}" title="canvas"></iframe>',
        f'<div class="workflow-body content">{_rendered(answer)}</div>',
        _neighbours(entry, answer["user"]["name"], library),
        testimonials(),
    )
    return document(
        title=f"{name} | n8n workflow template",
        head=_head(url, entry, answer),
        body="".join(parts),
        scripts=payload_script({f"workflow-{entry.id}": _payload(entry, answer)}),
    )


def _head(url: str, entry: Entry, answer: dict[str, Any]) -> str:
    summary = " ".join(plain(answer["description"] or "").split())
    cut = summary if len(summary) <= 155 else summary[:152].rstrip() + "..."
    return (
        f'<link rel="canonical" href="{url}{escape(entry.path)}">'
        f'<meta name="description" content="{escape(cut)}">'
        f'<meta property="og:url" content="{url}{escape(entry.path)}">'
        f'<meta name="twitter:title" content="{escape(answer["name"])} | n8n workflow template">'
    )


def _node_chips(nodes: Iterable[dict[str, Any]]) -> str:
    chips = ((slugify(node["displayName"]), node["displayName"]) for node in nodes)
    links = "".join(f'<a href="/integrations/{slug}/">{escape(title)}</a>' for slug, title in chips)
    return f'<div class="node-chips">{links}</div>'


def _facts(entry: Entry, answer: dict[str, Any]) -> str:
    user = answer["user"]
    categories = "".join(
        f'<a href="/workflows/categories/{slugify(c["name"])}/">{escape(c["name"])}</a>' for c in answer["categories"]
    )
    return (
        f'<div class="sidebar"><button>{_offer(entry)}</button>'
        f'<div><span>Created by</span> <a href="/creators/{escape(user["username"])}/">{escape(user["name"])}</a></div>'
        f"<div><span>Last update</span> <span>Last update {relative_date(entry.updated_at)}</span></div>"
        f"<div><span>Categories</span> {categories}</div><div><span>Share</span></div></div>"
    )


def _offer(entry: Entry) -> str:
    if entry.price is None:
        return "Use for free"
    return f"Buy for ${entry.price:.0f}" if entry.price == int(entry.price) else f"Buy for ${entry.price:.2f}"


def relative_date(moment: str) -> str:
    """``4 days ago``, ``a month ago``: all that a page tells of a date."""
    days = max(0, (TODAY - datetime.fromisoformat(moment.replace("Z", "+00:00"))).days)
    for unit, length in (("year", 365), ("month", 30), ("week", 7), ("day", 1)):
        if count := days // length:
            return f"a {unit} ago" if count == 1 else f"{count} {unit}s ago"
    return "today"


def _rendered(answer: dict[str, Any]) -> str:
    text = (answer["description"] or "").replace("&gt;", ">").replace("&lt;", "<")
    addresses = {str(image["id"]): image["url"] for image in answer["image"]}
    resolved = _FILE_IMAGE.sub(lambda m: f"]({addresses.get(m[1], 'fileId:' + m[1])})", text)
    return str(_MARKDOWN.render(resolved))


def _neighbours(entry: Entry, author: str, library: Library) -> str:
    near = [library.entries.get(entry.id + step) for step in (1, -1, 2, -2, 3, -3)]
    cards = [
        f'<article><a href="{escape(other.path)}">{escape(other.name)}</a><p>Created by {escape(other.author)}</p>'
        f"<p>{_offer(other)}</p></article>"
        for other in near
        if other is not None and other.listed
    ]
    category = entry.categories[0] if entry.categories else "other"
    by_author, similar = "".join(cards[:2]), "".join(cards[2:])
    return (
        f'<section class="section-creator-workflows"><h2>More templates by {escape(author)}</h2>{by_author}</section>'
        f'<section class="section-similar-workflows"><h2>More {escape(category)} templates</h2>{similar}</section>'
    )


def _payload(entry: Entry, answer: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "name", "description", "user", "categories")
    return {key: answer[key] for key in kept} | {"price": entry.price, "slug": entry.slug}
