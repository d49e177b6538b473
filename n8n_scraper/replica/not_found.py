"""The page of a missing template: status 404, and longer than many a real one. Pure."""

from __future__ import annotations

from functools import cache

from n8n_scraper.replica.page_frame import document

_PARTS = (
    "The page you are looking for may have been moved, renamed or never have been here.",
    "Search the template library, browse by category or go back to where you came from.",
)


@cache
def not_found_page(url: str) -> str:
    """About 15 KB of text, nearly all of it from the cookie dialog."""
    lines = "".join(f"<p>{part}</p>" for part in _PARTS)
    body = f'<section class="section-error"><p>Ooops…</p><h1>error 404</h1><h2>Page not found</h2>{lines}</section>'
    head = f'<meta name="description" content="Page not found"><link rel="alternate" href="{url}/">'
    return document(title="404 | n8n", head=head, body=body)
