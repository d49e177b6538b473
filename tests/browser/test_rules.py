from __future__ import annotations

import pytest

from n8n_scraper.browser.rules import MAX_REQUESTS, explains, kept_headers, may_be_shared, origin_header, refusal
from n8n_scraper.site.addresses import Site

SITE = Site("https://n8n.io", "https://api.n8n.io")
SCRIPT = "https://n8n.io/_nuxt/entry.js"


@pytest.mark.parametrize(
    ("url", "method", "kind", "asked_count", "expected"),
    [
        (SCRIPT, "GET", "script", 0, None),
        (SCRIPT, "GET", "script", MAX_REQUESTS - 1, None),
        ("https://api.n8n.io/api/templates/workflows/1", "GET", "fetch", 0, None),
        ("https://n8n.io/workflows/1-a/_payload.json", "GET", "xhr", 0, None),
        (SCRIPT, "GET", "script", MAX_REQUESTS, "limit"),
        (SCRIPT, "POST", "fetch", 0, "method"),
        ("https://n8n.io/a.png", "GET", "image", 0, "kind"),
        ("https://n8n.io/a.css", "GET", "stylesheet", 0, "kind"),
        ("https://n8n.io/a.woff2", "GET", "font", 0, "kind"),
        ("https://n8n.io/a.mp4", "GET", "media", 0, "kind"),
        ("https://n8n.io/stream", "GET", "eventsource", 0, "kind"),
        ("https://n8n.io/hit", "POST", "ping", 0, "kind"),
        ("https://cdn.n8n.io/entry.js", "GET", "script", 0, "host"),
        ("http://n8n.io/entry.js", "GET", "script", 0, "host"),
        ("https://n8n.io.evil.test/entry.js", "GET", "script", 0, "host"),
        ("data:text/javascript,1", "GET", "script", 0, "host"),
    ],
)
def test_refusal(url: str, method: str, kind: str, asked_count: int, expected: str | None) -> None:
    assert refusal(SITE, url=url, method=method, kind=kind, asked_count=asked_count) == expected


def test_headers() -> None:
    answer = {
        "Content-Type": "text/html",
        "Set-Cookie": "a=b",
        "Link": "<x>; rel=preload",
        "Access-Control-Max-Age": "1",
    }
    assert kept_headers(answer) == {"content-type": "text/html", "access-control-max-age": "1"}
    assert origin_header("https://n8n.io/workflows/1", SCRIPT) == {}
    assert origin_header("https://n8n.io/workflows/1", "https://api.n8n.io/x") == {"Origin": "https://n8n.io"}
    assert [may_be_shared(text) for text in ("", "public, max-age=0", "max-age=1, No-Store", "no-cache")] == [True, True, False, False]  # fmt: skip


def test_a_part_that_is_gone_does_not_explain_why_a_page_is_empty() -> None:
    assert [kind for kind in ("gone", "malformed", "unexpected", "server", "blocked") if explains(kind)] == [
        "server",
        "blocked",
    ]
