"""Whatever bytes come from outside: each reader gives a result or says what kind of unusable answer it is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.detail import read_detail, read_editor
from n8n_scraper.site.json_text import load_json
from n8n_scraper.site.listing import read_listing
from n8n_scraper.site.page import read_page
from n8n_scraper.site.sitemap import read_sitemap

Reader = Callable[[bytes], Any]

SITE = Site("https://n8n.io", "https://api.n8n.io")
READERS: dict[str, Reader] = {
    "json": load_json,
    "detail": partial(read_detail, id=7),
    "editor": partial(read_editor, id=7),
    "listing": read_listing,
    "sitemap": read_sitemap,
    "page": partial(read_page, encoding=None, site=SITE),
}
KEYS = st.sampled_from(
    [
        "workflow",
        "workflows",
        "totalWorkflows",
        "data",
        "attributes",
        "id",
        "price",
        "purchaseUrl",
        "status",
        "nodes",
        "x",
    ]
)
LEAVES = st.none() | st.booleans() | st.just(7) | st.integers() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=15)
MARKUP = """
<h1> </h1> <p> </p> <section> </a> <!-- <script> <table> <tr> <td> <li> <ul> <ol&#32;start='x'> <pre> ` <br> <b> <loc>
</loc> <urlset> </urlset> " > <a&#32;href="/creators/x/"> <a&#32;href="//["> <img&#32;src=" Share Categories 9
"""
WORDS = st.sampled_from(
    ["Created by", "Last update", "Buy for $", "\x00", *(word.replace("&#32;", " ") for word in MARKUP.split())]
)


def _outcome(read: Reader, body: bytes) -> str:
    try:
        read(body)
    except UnusableAnswer as error:
        return error.kind
    return "ok"


@pytest.mark.parametrize("name", READERS)
@given(
    body=st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(WORDS | st.text()).map(lambda words: "".join(words).encode("utf-8", "replace"))
    | st.binary().map(gzip.compress)
)
def test_a_result_or_a_kind(name: str, body: bytes) -> None:
    assert _outcome(READERS[name], body) in {"ok", "malformed", "gone"}


@given(st.text(max_size=20) | st.sampled_from(["hex", "zlib", "punycode", "idna", "undefined", "utf-16", "cp1252"]))
def test_any_encoding_will_do(encoding: str) -> None:
    assert read_page(b"<h1>x</h1>", encoding, SITE).is_template is False


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 300_000,
        b"<h1>x</h1>Created by" + b"<a href='/creators/x/'>" * 100_000,
        b"<h1>x</h1><p>Created by</p><p>Share</p>" + b"<b><i>" * 100_000 + b"x",
        b"<h1>x</h1><p>Created by</p><p>Share</p>" + b"<table><tr><td>" * 100_000,
        b"<h1>x</h1><p>Created by</p><p>Share</p><p>" + b"*_`[<&" * 300_000,
        b"<h1>x</h1><p>Created by</p><p>Share</p><p>" + b"<i>a</i>" * 300_000,
        b"<h1>x</h1><p>Created by</p><p>Share</p>" + b"<b>" * 200 + b"<i></i>" * 300_000,
        b"<h1>" + b"x" * 3_000_000,
        b"&" * 3_000_000,
        b"<!--" * 500_000,
        b'{"workflow": {"id": 7, "name": "' + b"x" * 3_000_000 + b'"}}',
        b'{"a":' * 100_000,
        b"[" + b"1," * 1_000_000 + b"1]",
    ],
    ids=lambda body: body[:40].decode(),
)
def test_megabytes_of_one_thing_end_soon(body: bytes) -> None:
    for read in READERS.values():
        assert _outcome(read, body) in {"ok", "malformed", "too_large"}
