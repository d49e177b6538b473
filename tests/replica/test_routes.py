from __future__ import annotations

import pytest

from n8n_scraper.replica.routes import Route, route


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("site", "/robots.txt", Route("robots")),
        ("site", "/sitemap_index.xml", Route("sitemap_index")),
        ("site", "/sitemap-workflows.xml", Route("sitemap")),
        ("site", "/workflows/12-send-a-mail/", Route("page", 12, "send-a-mail")),
        ("site", "/workflows/12-send-a-mail", Route("page", 12, "send-a-mail")),
        ("site", "/workflows/12-/", Route("page", 12, "")),
        ("site", "/workflows/12", Route("bare_page", 12)),
        ("site", "/workflows/12/", Route("bare_page", 12)),
        ("site", "/workflows/12-a/b/", Route("other")),
        ("site", "/workflows/12-a/_payload.json", Route("payload", 12, "a")),
        ("site", "/_nuxt/entry.js", Route("script", None, "entry.js")),
        ("site", "/api/workflows/by-id/12", Route("by_id", 12)),
        ("site", "/images/a.png", Route("image", None, "a.png")),
        ("site", "/api/templates/workflows/12", Route("other")),
        ("api", "/api/templates/workflows/12", Route("detail", 12)),
        ("api", "/api/templates/workflows/12a", Route("other")),
        ("api", "/api/templates/workflows/-1", Route("other")),
        ("api", "/api/templates/workflows/" + "9" * 30, Route("other")),
        ("api", "/api/templates/workflows/٣", Route("other")),
        ("api", "/api/workflows/12", Route("attributes", 12)),
        ("api", "/api/workflows/templates/12", Route("import", 12)),
        ("api", "/api/templates/search", Route("listing")),
        ("api", "/workflows/12", Route("other")),
    ],
)
def test_route(host: str, path: str, expected: Route) -> None:
    assert route(host, path) == expected
