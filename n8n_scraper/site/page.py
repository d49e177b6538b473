"""The page of a workflow, as the site renders it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from n8n_scraper.site.addresses import Site


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
    videos: Sequence[str] = ()
    needs_script: bool = False
    """The page holds only scripts: a browser would show more."""


def read_page(body: bytes, encoding: str | None, site: Site) -> PageFacts:
    return PageFacts(False)
