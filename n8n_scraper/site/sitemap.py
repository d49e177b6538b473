"""The sitemap: the whole inventory of the library. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.site.addresses import MAX_ADDRESS_LENGTH
from n8n_scraper.site.markup import read_xml

_NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
_KINDS: dict[str, Literal["index", "urlset"]] = {"sitemapindex": "index", "urlset": "urlset"}


class Sitemap(NamedTuple):
    kind: Literal["index", "urlset"]
    locations: list[str]
    """Addresses as written, in their order; whose they are is for the reader to check."""


def read_sitemap(body: bytes) -> Sitemap:
    """An index of sitemaps or a list of pages, plain or gzipped.

    Raises:
        UnusableAnswer: ``malformed`` for anything else (also one that ends early), ``too_large`` beyond 50 MB or a
            million tags.
    """
    root = read_xml(body)
    kind = _KINDS.get(_local(root.tag))
    if kind is None:
        raise UnusableAnswer("malformed", "XML that is no sitemap")
    texts = ((child.text or "").strip() for entry in root for child in entry if _local(child.tag) == "loc")
    return Sitemap(kind, [text for text in texts if 0 < len(text) <= MAX_ADDRESS_LENGTH])


def _local(tag: object) -> str:
    return tag.removeprefix(_NAMESPACE) if isinstance(tag, str) else ""
