"""What a page may ask for while it is built. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from n8n_scraper.site.addresses import Site

Refusal = Literal["host", "kind", "method", "limit", "robots", "navigation"]
"""Another host · no script or data · no GET · more than MAX_REQUESTS · robots.txt forbids it · another page."""
MAX_REQUESTS = 50
"""Of one page; a Nuxt page has some dozen scripts, which are fetched once for all pages."""
BUILDING_KINDS = frozenset({"script", "xhr", "fetch"})
"""In Playwright's words; pictures, styles, fonts, frames and pings build nothing that we read."""
_KEPT_HEADERS = frozenset({"content-type", "content-security-policy", "x-content-type-options"})
_UNKEPT = frozenset({"no-store", "no-cache", "private"})
_CARRIED = frozenset({"blocked", "rate_limited", "server", "network", "timeout", "too_large"})


def refusal(site: Site, *, url: str, method: str, kind: str, asked_count: int) -> Refusal | None:
    """Why a request is aborted, None when it is fetched; robots.txt is asked by the crawl."""
    if not site.is_ours(url):
        return "host"
    if kind not in BUILDING_KINDS:
        return "kind"
    if method != "GET":
        return "method"
    return "limit" if asked_count >= MAX_REQUESTS else None


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Of an answer, what the browser gets to see: no cookies, no links to preload, no encoding that is undone."""
    fields = {name.lower(): value for name, value in headers.items()}
    return {
        name: value for name, value in fields.items() if name in _KEPT_HEADERS or name.startswith("access-control-")
    }


def may_be_shared(cache_control: str) -> bool:
    """Whether a script may be handed to other pages of the crawl too."""
    directives = {word.strip().lower().partition("=")[0] for word in cache_control.split(",")}
    return not directives & _UNKEPT


def origin_header(page: str, url: str) -> dict[str, str]:
    """As a browser sends it to another host."""
    page_origin, origin = (urlsplit(address)[:2] for address in (page, url))
    return {} if page_origin == origin else {"Origin": "{}://{}".format(*page_origin)}


def explains(kind: str) -> bool:
    """Whether a failure of this kind explains why a page stayed empty; that a part of it is gone does not."""
    return kind in _CARRIED
