from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.layers import markdown
from n8n_scraper.layers.document import Address, Code, Image, Link, Section, read_document
from n8n_scraper.layers.markdown import MAX_TEXT


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("plain", "plain"),
        ("**bold** and *it* and ~~old~~ `code`", "bold and it and old code"),
        ("one\ntwo  \nthree\n\nfour", "one two\nthree\n\nfour"),
        ("- a\n- b\n\n1. c", "a\nb\n\nc"),
        ("| a | b |\n|---|---|\n| c | d |", "a b\nc d"),
        ("# Title\n> quote", "Title\n\nquote"),
        ("Use <token> and <b>this</b> &amp; 1 < 2", "Use <token> and this & 1 < 2"),
        ("<your-key>", "<your-key>"),
        ("a<br>b<br/>c", "a\nb\nc"),
        (
            "<div>x</div></div></div>\n\nput it before </body>, after </html>",
            "x\n\nput it before </body>, after </html>",
        ),
        ("<script>alert(1)</script>\n\nshown", "shown"),
        ("the <script> tag", "the <script> tag"),
        ("<style>p{}</style><!-- no -->\n\nshown <!-- no --> too", "shown too"),
        ("<?php x ?>\n\nshown", "shown"),
        ("<textarea>not swallowed\n\nafter", "<textarea>not swallowed after"),
        ("<iframe src='https://x.test'>\n\nafter", "after"),
        ("```\na\n\nb\n```\nafter", "a\n\nb\n\nafter"),
        ("nul \x00 and control \x01 kept", "nul � and control \x01 kept"),
        ("![alt](https://x.test/a.png)", ""),
        ("\\*not it\\*", "*not it*"),
        ("~50 calls (~$1) ~~old~~ \\~2 `~3`", "~50 calls (~$1) old ~2 ~3"),
        ("one\rtwo\r\n\rthree", "one two\n\nthree"),
        ("**bold\u2028**", "bold"),
        ("a @[YouTube](x) b @[youtube](x 'y') c@[youtu](x)", "a b @youtube c@youtu"),
        ("> " * 300 + "deep\n\nand **on**", "deep\n\nand on"),
    ],
)
def test_text(written: str, text: str) -> None:
    assert read_document(written).text == text


def test_sections_hold_the_text_up_to_the_next_heading() -> None:
    document = read_document("before\n\n# One *two*\n\na\n\nb\n\n### Three\n<h2>Four</h2>\n\n- c")
    assert document.sections == [Section(1, "One two", "a\n\nb"), Section(3, "Three", ""), Section(2, "Four", "c")]


def test_headings_inside_headings_and_inside_links() -> None:
    document = read_document('<h1>a <div><h2>b</h2></div> c</h1>\n\n<a href="https://x.test"><h3>d</h3></a>')
    assert [section.level for section in document.sections] == [1, 2, 3]
    assert document.links == [Link("https://x.test", "d")]


def test_links_in_their_order() -> None:
    document = read_document(
        "[a](https://a.test 'x') <https://b.test> https://c.test/x_(y)). [d][1] <a href=' https://e.test '>e *f*</a>\n"
        "[![logo](https://x.test/l.png)](https://g.test) [rel](docs) [](https://h.test)\n\n[1]: https://d.test"
    )
    assert document.links == [
        Link("https://a.test", "a"),
        Link("https://b.test", "https://b.test"),
        Link("https://c.test/x_(y)", "https://c.test/x_(y)"),
        Link("https://d.test", "d"),
        Link("https://e.test", "e f"),
        Link("https://g.test", "logo"),
        Link("docs", "rel"),
        Link("https://h.test", ""),
    ]


@pytest.mark.parametrize("target", ["javascript:alert(1)", "JaVaScript:x", "data:text/html,x", "vbscript:x", "#top"])
def test_what_is_no_link(target: str) -> None:
    document = read_document(f"[x]({target}) <a href='{target}'>y</a>")
    assert document.links == []
    assert document.text == "x y"


def test_links_and_images_without_a_target() -> None:
    document = read_document("<a>x</a> <a href=''>y</a> <img alt='z'> ![]() https://long.test/" + "x" * 5_000)
    assert document.links == []
    assert document.images == []
    assert document.addresses == []


def test_a_closing_bracket_belongs_to_an_address_that_opened_it() -> None:
    document = read_document("(https://a.test/(b)) https://c.test/d). https://e.test/)))) https://f.test/;,:!?*_~]")
    assert [link.url for link in document.links] == [
        "https://a.test/(b)",
        "https://c.test/d",
        "https://e.test/",
        "https://f.test/",
    ]


def test_code_blocks_with_language() -> None:
    document = read_document("```js title\na;\n\nb;\n```\n\n    indented\n\n~~~\n~~~\n\n<pre lang='x'>html\n</pre>")
    assert document.code_blocks == [Code("js", "a;\n\nb;"), Code(None, "indented"), Code(None, ""), Code(None, "html")]


def test_images_and_what_may_be_a_video() -> None:
    document = read_document(
        "see https://v.test/1 ![alt](https://i.test/1.png) `https://v.test/2` <video src='https://v.test/3'>\n"
        "<source src='https://v.test/4'></video> @[youtube](abc) @[youtube](https://v.test/5)\n\n"
        "```\nhttps://v.test/not\n```"
    )
    assert document.images == [Image("https://i.test/1.png", "alt")]
    assert document.addresses == [
        Address("https://v.test/1", "see "),
        Address("https://i.test/1.png", "alt"),
        Address("https://v.test/2", ""),
        Address("https://v.test/3", "video"),
        Address("https://v.test/4", "video"),
        Address("https://www.youtube.com/embed/abc", "video"),
        Address("https://v.test/5", "video"),
    ]


def test_only_so_much_of_a_text_is_analysed() -> None:
    document = read_document("a " * MAX_TEXT + "# end")
    assert len(document.text) == MAX_TEXT - 1
    assert document.sections == []


_PIECES = """[ ![ ]( [](x) *a_b ** ` `` ~~ > - 1. | # <a <b> </b> <div> </div> <h1> <pre> <table><tr><td> <!-- & &amp; \\
@[youtube]( ](fileId:1 http://a)) [a]: ``` === --- + <script> <? <![CDATA[ <a&#32;href= " ' ) ] >"""
_WORDS = st.sampled_from([piece.replace("&#32;", " ") for piece in _PIECES.split()] + ["\n", "\n\n", "    ", "\t"])


@given(st.lists(_WORDS | st.text(max_size=5)).map("".join))
def test_any_text_is_read(written: str) -> None:
    document = read_document(written)
    assert all(link.url for link in document.links)
    assert all(section.text in document.text for section in document.sections)


@given(st.lists(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1), min_size=1))
def test_no_word_is_lost(words: list[str]) -> None:
    assert read_document(" <x> ".join(words)).text == " <x> ".join(words)


@pytest.mark.parametrize("piece", [*_PIECES.split(), "a"])
def test_eight_megabytes_of_one_thing_cost_no_more_than_what_is_analysed(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown, "MAX_TEXT", 5_000)
    for text in (piece * (8_000_000 // len(piece)), f"{piece} " * (8_000_000 // (len(piece) + 1))):
        assert read_document(text) == read_document(text[:5_000])


def test_the_slowest_text_we_know_ends_soon() -> None:
    started = time.process_time()
    read_document("![" * MAX_TEXT)
    assert (
        time.process_time() - started < 30
    )  # about 1.3 on a machine of its own, and 50 times that if nothing capped it


def test_what_stands_in_for_an_image_is_one_text() -> None:
    first, second = read_document("![two\nlines ![an *inner*](b.png)](https://x.test/a.png)\n\n![](c.png)").images
    assert (first.url, (first.alt or "").split()) == ("https://x.test/a.png", ["two", "lines", "an", "inner"])
    assert second.url == "c.png"
