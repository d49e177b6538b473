from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.site.addresses import MAX_ID, Site, WorkflowRef, slugify

SITE = Site("https://n8n.io", "https://api.n8n.io")
REPLICA = Site("http://127.0.0.1:8123", "http://127.0.0.1:8124")


def test_addresses_of_one_workflow() -> None:
    assert SITE.page(42, "post-the-weather") == "https://n8n.io/workflows/42-post-the-weather/"
    assert SITE.page(42, "") == "https://n8n.io/workflows/42/"
    assert SITE.page(42, "wetter für alle") == "https://n8n.io/workflows/42-wetter%20f%C3%BCr%20alle/"
    assert SITE.page(42, "already%20quoted") == "https://n8n.io/workflows/42-already%20quoted/"
    assert SITE.bare_page(42) == "https://n8n.io/workflows/42"
    assert SITE.detail(42) == "https://api.n8n.io/api/templates/workflows/42"
    assert SITE.editor(42) == "https://api.n8n.io/api/workflows/42"


def test_addresses_of_the_library() -> None:
    assert SITE.listing(3) == "https://api.n8n.io/api/templates/search?page=3&rows=100"
    assert SITE.listing(1, rows=5) == "https://api.n8n.io/api/templates/search?page=1&rows=5"
    assert SITE.sitemap_index == "https://n8n.io/sitemap_index.xml"
    assert SITE.site_robots == "https://n8n.io/robots.txt"
    assert SITE.api_robots == "https://api.n8n.io/robots.txt"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("123", WorkflowRef(123, None)),
        ("  123\n", WorkflowRef(123, None)),
        (str(MAX_ID), WorkflowRef(MAX_ID, None)),
        ("https://n8n.io/workflows/123", WorkflowRef(123, None)),
        ("https://n8n.io/workflows/123/", WorkflowRef(123, None)),
        ("https://n8n.io/workflows/123-some-slug", WorkflowRef(123, "some-slug")),
        ("https://n8n.io/workflows/123-some-slug/?utm=x#top", WorkflowRef(123, "some-slug")),
        ("HTTPS://N8N.IO:443/workflows/123-x/", WorkflowRef(123, "x")),
        ("https://n8n.io/workflows/123-a%20b/", WorkflowRef(123, "a%20b")),
        ("0", None),
        ("-1", None),
        ("007", None),
        ("1.5", None),
        ("１２３", None),  # digits of another script
        (str(MAX_ID + 1), None),
        ("99999999999999999999", None),
        ("", None),
        ("workflows/123", None),
        ("http://n8n.io/workflows/123", None),
        ("https://n8n.io:8443/workflows/123", None),
        ("https://api.n8n.io/workflows/123", None),
        ("https://n8n.io.evil.test/workflows/123", None),
        ("https://user@n8n.io/workflows/123", None),
        ("https://n8n.io/workflows/0-x/", None),
        ("https://n8n.io/workflows/4294967296-x/", None),
        ("https://n8n.io/workflows/categories/123/", None),
        ("https://n8n.io/workflows/123-x/extra/", None),
        ("https://n8n.io/workflows/12 3", None),
        ("https://n8n.io\\@evil.test/workflows/123", None),
        ("https://n8n.io:x/workflows/123", None),
        ("https://[::1/workflows/123", None),
        ("https://n8n.io/workflows/123-" + "x" * 3_000, None),
    ],
)
def test_read(text: str, expected: WorkflowRef | None) -> None:
    assert SITE.read(text) == expected


def test_the_replica_is_a_site_of_its_own() -> None:
    assert REPLICA.read("http://127.0.0.1:8123/workflows/7-x/") == WorkflowRef(7, "x")
    assert REPLICA.read("https://n8n.io/workflows/7-x/") is None
    assert REPLICA.is_ours("http://127.0.0.1:8124/api/health")
    assert not REPLICA.is_ours("http://127.0.0.1:8125/api/health")


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://n8n.io", True),
        ("https://api.n8n.io/x", True),
        ("https://API.n8n.io:443/x?y#z", True),
        ("http://n8n.io/", False),
        ("https://www.n8n.io/", False),
        ("https://n8n.io@evil.test/", False),
        ("https://evil.test/https://n8n.io/", False),
        ("//n8n.io/", False),
        ("ftp://n8n.io/", False),
        ("https:///n8n.io", False),
        ("https://n8n.io:99999/", False),
        ("https://n8n.io/\tx", False),
    ],
)
def test_is_ours(url: str, ours: bool) -> None:
    assert SITE.is_ours(url) is ours


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Post the Weather to Slack", "post-the-weather-to-slack"),
        ("Q&A bot — 100% free | $5 off", "qanda-bot-100percent-free-or-dollar5-off"),
        ("  GPT-4.1 / RAG: what's new?  ", "gpt-41-rag-whats-new"),
        ("Über Straße, Łódź & Æther", "uber-strasse-lodz-and-aether"),
        ("a -- b - c", "a-b-c"),
        ("🌦 ⏰", ""),
        ("你好 world", "world"),
    ],
)
def test_slugify(name: str, slug: str) -> None:
    assert slugify(name) == slug


@given(st.text())
def test_a_slug_holds_nothing_that_an_address_has_to_quote(name: str) -> None:
    slug = slugify(name)
    assert SITE.page(7, slug) == f"https://n8n.io/workflows/7{'-' if slug else ''}{slug}/"
    assert SITE.read(SITE.page(7, slug)) == WorkflowRef(7, slug or None)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    ref = SITE.read(text)
    assert ref is None or 1 <= ref.id <= MAX_ID
    SITE.is_ours(text)
