from __future__ import annotations

import gzip

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.site import markup
from n8n_scraper.site.sitemap import Sitemap, read_sitemap

NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
URLSET = f"""<?xml version="1.0" encoding="UTF-8"?>
<urlset {NAMESPACE}>
<url><loc>https://n8n.io/workflows/1-a/</loc></url>
<url><lastmod>2025-01-01</lastmod><loc> https://n8n.io/workflows/2-b/?x=1&amp;y=2
</loc></url><url><loc/></url><!-- none --><url><loc><![CDATA[https://n8n.io/workflows/3-c/]]></loc></url>
</urlset>""".encode()
LOCATIONS = [
    "https://n8n.io/workflows/1-a/",
    "https://n8n.io/workflows/2-b/?x=1&y=2",
    "https://n8n.io/workflows/3-c/",
]


def test_urlset_plain_and_gzipped() -> None:
    assert read_sitemap(URLSET) == Sitemap("urlset", LOCATIONS)
    assert read_sitemap(gzip.compress(URLSET)) == Sitemap("urlset", LOCATIONS)


def test_index_with_and_without_namespace() -> None:
    for declared in (NAMESPACE, ""):
        body = f"<sitemapindex {declared}><sitemap><loc>https://n8n.io/s.xml</loc></sitemap></sitemapindex>"
        assert read_sitemap(body.encode()) == Sitemap("index", ["https://n8n.io/s.xml"])


def test_an_absurdly_long_location_is_left_out() -> None:
    body = f"<urlset><url><loc>{'x' * 3_000}</loc></url><url><loc>https://n8n.io/</loc></url></urlset>"
    assert read_sitemap(body.encode()).locations == ["https://n8n.io/"]


BOMB = b"""<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>
<urlset><url><loc>&c;</loc></url></urlset>"""
FILE = b"""<!DOCTYPE u [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>&f;</loc></url></urlset>"""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Not found",
        b"<html><body>Blocked</body></html>",
        b"<!DOCTYPE html><html></html>",
        b"<rss></rss>",
        b"<x:urlset xmlns:x='other'/>",
        URLSET[: len(URLSET) // 2],
        BOMB,
        FILE,
        FILE.decode().encode("utf-16"),
        b"<!DOCTYPE urlset><urlset/>",
        b"\x1f\x8b broken",
        gzip.compress(URLSET)[:-20],
        b"<urlset>\x00</urlset>",
        b"<?xml version='1.0' encoding='nonsense'?><urlset/>",
    ],
)
def test_anything_else_is_malformed(body: bytes) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        read_sitemap(body)
    assert caught.value.kind == "malformed"


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MAX_UNPACKED_BYTES", 100_000)
    monkeypatch.setattr(markup, "MAX_TAGS", 1_000)
    for body in (gzip.compress(b" " * 200_000), b"<urlset>" + b"<a/>" * 1_000 + b"</urlset>", b" " * 200_000):
        with pytest.raises(UnusableAnswer) as caught:
            read_sitemap(body)
        assert caught.value.kind == "too_large"
