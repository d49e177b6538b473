from __future__ import annotations

import pytest

from n8n_scraper.site.addresses import Site
from n8n_scraper.site.markup import read_html
from n8n_scraper.site.page import read_page

SITE = Site("https://n8n.io", "https://api.n8n.io")


def _page(head: str = "", author: str = "<p>Created by</p>", offer: str = "", body: str = "<p>text</p>") -> bytes:
    return f"<html><head>{head}</head><h1>Title</h1>{offer}{author}<p>Share</p>{body}".encode()


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        ("<a>Use for free</a>", (False, 0.0)),
        ("<a>USE IT FOR FREE</a>", (False, 0.0)),
        ("<a>Buy for $20</a>", (True, 20.0)),
        ("<a>Buy for $ 9.50</a>", (True, 9.5)),
        ("<a>Buy <b>for</b> <i>$1,250</i></a>", (True, 1250.0)),
        ("<a>Get it for $5 or use for free</a>", (True, 5.0)),
        ("<a>Buy for $0</a>", (True, None)),
        ("<a>Buy for $99999999</a>", (None, None)),
        ("<a>Buy for €20</a>", (None, None)),
        ("<a>Sign up</a>", (None, None)),
        ("", (None, None)),
    ],
)
def test_offer(offer: str, expected: tuple[bool | None, float | None]) -> None:
    facts = read_page(_page(offer=offer), None, SITE)
    assert (facts.is_paid, facts.price_usd) == expected


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ('<p>Created by <a href="/creators/ada/">Ada</a></p>', ("Ada", "ada")),
        ('<p>Created by</p><a href="https://n8n.io/creators/a%20da"><img></a><a href="/creators/ada/">Ada</a>', ("Ada", "a da")),
        ('<p>Created by</p><a href="//[/creators/x/">Ada</a>', ("Ada", None)),
        ("<p>Created by: Ada</p>", ("Ada", None)),
        ("<p>Created by</p><p>Ada</p><p>Last update today</p>", ("Ada", None)),
        ("<p>Created by</p><p>Last update today</p>", (None, None)),
        ("<p>Last update 2 days ago</p>", (None, None)),
        (f'<p>Created by</p><a href="/creators/x/">{"a" * 300}</a>', (None, "x")),
    ],
)  # fmt: skip
def test_author(author: str, expected: tuple[str | None, str | None]) -> None:
    facts = read_page(_page(author=author), None, SITE)
    assert (facts.author_name, facts.author_username) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<link rel="canonical" href="https://n8n.io/workflows/5-a/">', (5, "a", "https://n8n.io/workflows/5-a/")),
        ('<meta property="og:url" content="https://n8n.io/workflows/5-a">', (5, "a", "https://n8n.io/workflows/5-a/")),
        ('<link rel="canonical" href="https://n8n.io/workflows/5">', (5, None, None)),
        ('<link rel="canonical" href="/workflows/5-a/">', (None, None, None)),
        ('<link rel="canonical" href="https://evil.test/workflows/5-a/">', (None, None, None)),
    ],
)
def test_canonical_address(head: str, expected: tuple[int | None, str | None, str | None]) -> None:
    facts = read_page(_page(head), None, SITE)
    assert (facts.id, facts.slug, facts.url) == expected


def test_encodings() -> None:
    body = _page(body="<p>Größe €</p>").decode()
    for encoding in ("utf-8", "cp1252", "utf-16"):
        assert read_page(body.encode(encoding), encoding, SITE).description == "Größe €"
    assert read_page(body.encode("cp1252"), "utf-8", SITE).description == "Gr��e �"


def test_relative_addresses_are_made_absolute() -> None:
    body = '<p><a href="/docs">docs</a><img src="//cdn.test/a.png"><img src="/b.png"><img src="c.png"></p>'
    facts = read_page(_page(body=body), None, SITE)
    assert facts.description == (
        "[docs](https://n8n.io/docs)![](https://cdn.test/a.png)![](https://n8n.io/b.png)![](c.png)"
    )
    assert [url for url, _ in facts.images] == ["https://cdn.test/a.png", "https://n8n.io/b.png", "c.png"]


@pytest.mark.parametrize(
    "address",
    [
        "https://twitter.com/share?url=x",
        "https://x.com/intent/tweet?text=a&url=b",
        "https://www.facebook.com/sharer/sharer.php?u=x",
        "https://www.facebook.com/sharer.php?u=x",
        "https://www.linkedin.com/sharing/share-offsite/?url=x",
        "https://www.linkedin.com/shareArticle?mini=true&url=x",
        "https://www.reddit.com/submit?url=x",
        "https://bsky.app/intent/compose?text=x",
        "https://t.me/share/url?url=x",
        "https://wa.me/?text=x",
        "https://api.whatsapp.com/send?text=x",
        "mailto:?subject=x",
    ],
)
def test_buttons_that_share_the_page_are_no_content(address: str) -> None:
    facts = read_page(_page(body=f'<a href="{address}">button</a><p>text</p>'), None, SITE)
    assert facts.description == "text"


@pytest.mark.parametrize(
    "address",
    [
        "https://x.ai/?ref=template",
        "https://x.com/?lang=en",
        "https://x.com/somebody",
        "https://x.com/intent/follow?screen_name=somebody",
        "https://x.com/shareholders",
        "https://t.co/?amp=1",
        "https://t.me/BotFather",
        "https://t.ly/?x=1",
        "https://wa.me/8801322827799?text=hello",
        "https://www.facebook.com/share/v/abc/",
        "https://www.linkedin.com/in/somebody",
        "mailto:someone@example.com",
    ],
)
def test_addresses_an_author_wrote_stay(address: str) -> None:
    facts = read_page(_page(body=f'<p><a href="{address}">button</a> text</p>'), None, SITE)
    assert facts.description == f"[button]({address}) text"


@pytest.mark.parametrize(("depth", "is_read"), [(200, True), (300, False)])
def test_elements_deeper_than_any_page_needs_are_not_read(depth: int, is_read: bool) -> None:
    root = read_html(b"<html><body>" + b"<div>" * depth + b"inmost")
    assert root is not None
    assert ("inmost" in "".join(root.itertext())) is is_read
