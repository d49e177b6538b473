"""The page of a workflow, as the site renders it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from lxml import etree

from n8n_scraper.site.addresses import Site, WorkflowRef
from n8n_scraper.site.markup import read_html
from n8n_scraper.site.page_markdown import to_markdown
from n8n_scraper.site.page_parts import PageParts, find_parts, is_category, own_text, text_of
from n8n_scraper.site.values import read_label, read_price


class PageFacts(NamedTuple):
    is_template: bool
    """False for a 404 page and for anything else that is no page of a template."""
    id: int | None = None
    slug: str | None = None
    url: str | None = None
    """The canonical address."""
    title: str | None = None
    author_name: str | None = None
    author_username: str | None = None
    categories: Sequence[str] = ()
    is_paid: bool | None = None
    price_usd: float | None = None
    description: str | None = None
    """Markdown made from the rendered description, and from nothing else on the page."""
    images: Sequence[tuple[str, str | None]] = ()
    """Address and alternative text of the images in the description."""
    videos: Sequence[str] = ()
    """Addresses of the players in the description."""
    needs_script: bool = False
    """The page has scripts and next to no text: a browser would show more."""


_FREE = re.compile(r"\buse (?:it )?for free\b", re.IGNORECASE)
_PAID = re.compile(
    r"\b(?:buy|get)\b[^$]{0,20}\$\s?([0-9]{1,3}(?:,?[0-9]{3}){0,1}(?:\.[0-9]{1,2})?)(?![0-9])", re.IGNORECASE
)
_CREATOR_PATH = re.compile(r"/creators/([^/]+)/?")
_CANVAS = "embedded_workflow_iframe"
_MIN_TEXT = 200


def read_page(body: bytes, encoding: str | None, site: Site) -> PageFacts:
    """Raises:
    UnusableAnswer: ``too_large``.
    """
    root = read_html(body, encoding)
    if root is None:
        return PageFacts(False)
    ref, has_scripts = _canonical(root, site), root.find(".//script") is not None
    parts = find_parts(root)
    if parts is None:
        is_shell = has_scripts and root.find(".//h1") is None and len(text_of(root)) < _MIN_TEXT
        return PageFacts(False, needs_script=is_shell)
    _make_absolute(parts, site)
    is_paid, price_usd = _price(parts)
    author_name, author_username = _author(parts)
    return PageFacts(
        is_template=True,
        id=ref.id if ref else None,
        slug=ref.slug if ref else None,
        url=site.page(ref.id, ref.slug) if ref and ref.slug else None,
        title=text_of(parts.title) or None,
        author_name=author_name,
        author_username=author_username,
        categories=_categories(parts),
        is_paid=is_paid,
        price_usd=price_usd,
        description=to_markdown(parts.body) or None,
        images=[(source, image.get("alt")) for source, image in _sources(parts, "img")],
        videos=[source for source, _ in _sources(parts, "iframe", "video", "source", "embed")],
    )


def _canonical(root: etree._Element, site: Site) -> WorkflowRef | None:
    addresses = root.xpath("//link[@rel='canonical']/@href | //meta[@property='og:url']/@content")
    refs = [ref for ref in map(site.read, map(str, addresses)) if ref is not None]
    return max(refs, key=lambda ref: ref.slug is not None) if refs else None


def _price(parts: PageParts) -> tuple[bool | None, float | None]:
    words = " ".join(f"{element.text or ''} {element.tail or ''}" for element in parts.head)
    if paid := _PAID.search(" ".join(words.split())):
        return True, read_price(paid[1].replace(",", "")) or None
    return (False, 0.0) if _FREE.search(words) else (None, None)


def _author(parts: PageParts) -> tuple[str | None, str | None]:
    """Name and user name; without a link to a creator, the words after "Created by" are the name."""
    start = parts.labels.get("created by")
    if start is None:
        return None, None
    end = min((index for index in parts.labels.values() if index > start), default=len(parts.head))
    near = parts.head[start:end]
    links = [(element, match[1]) for element in near if (match := _creator(element))]
    texts = [text_of(element) for element, _ in links] or [own_text(near[0])[len("created by") :].lstrip(" :")] + [
        own_text(element) for element in near[1:]
    ]
    name = next((text for text in texts if text), None)
    return read_label(name), read_label(unquote(links[0][1])) if links else None


def _creator(element: etree._Element) -> re.Match[str] | None:
    if element.tag != "a":
        return None
    try:
        return _CREATOR_PATH.fullmatch(urlsplit(element.get("href") or "").path)
    except ValueError:
        return None


def _categories(parts: PageParts) -> list[str]:
    names = (read_label(text_of(element)) for element in parts.head if is_category(element))
    return list(dict.fromkeys(name for name in names if name))


def _make_absolute(parts: PageParts, site: Site) -> None:
    for element in (found for part in parts.body for found in part.iter()):
        for name in ("src", "href"):
            address = (element.get(name) or "").strip()
            if address.startswith("//"):
                element.set(name, "https:" + address)
            elif address.startswith("/"):
                element.set(name, site.site_url + address)


def _sources(parts: PageParts, *tags: str) -> Iterator[tuple[str, etree._Element]]:
    """What the elements of the description show; the canvas is no part of it."""
    for element in (found for part in parts.body for found in part.iter(*tags)):
        source = (element.get("src") or "").strip()
        if source and _CANVAS not in (element.get("class") or ""):
            yield source, element
