from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from n8n_scraper.site.page_markdown import MAX_ELEMENTS, to_markdown


def _markdown(markup: str) -> str:
    return to_markdown([html.fragment_fromstring(markup, create_parent="div")])


@pytest.mark.parametrize(
    ("markup", "markdown"),
    [
        ("", ""),
        ("  text \n more ", "text more"),
        ("<h2> A <b> title </b></h2><h6>x</h6>", "## A **title**\n\n###### x"),
        ("<p>a<br>b<br><br>c</p>", "a  \nb  \nc"),
        ("<p>a <em>b </em>c <strong></strong><a href='https://x.test'></a></p>", "a *b* c"),
        ("<p>x<a href=' https://x.test '> y </a>z</p>", "x [y](https://x.test) z"),
        ("<a href='https://x.test/a b(c)'>y</a>", "[y](<https://x.test/a b(c)>)"),
        ("<a href='https://x.test'><h3>card</h3><p>text</p></a>", "### card\n\ntext"),
        ("<b><p>x</p></b>", "x"),
        ("<ul><li>a</li><li>b<ol start='7'><li>c<li>d</ol></li></ul>", "- a\n- b\n  7. c\n  8. d"),
        ("<ol start='-3'><li>a</ol><ol start='9999999999'><li>b</ol>", "1. a\n\n1. b"),
        ("<ul><li></li><li> </li><li>a</li></ul>", "- a"),
        ("<li>a</li>", "- a"),
        ("<blockquote><p>a</p><p>b</p><blockquote>c</blockquote></blockquote>d", "> a\n>\n> b\n>\n> > c\n\nd"),
        ("<pre>a\n\nb\n</pre>", "```\na\n\nb\n```"),
        ("<pre><code class='x language-c++'>``` ````</code></pre>", "`````c++\n``` ````\n`````"),
        ("<code>a`b</code> <code>`</code> <code> </code> <code> x </code>", "``a`b`` `` ` `` `  x  `"),
        ("<table><tr><th>a<th>b<tr><td>c|d<td><p>e</p></table>", "| a | b |\n| --- | --- |\n| c\\|d | e |"),
        ("<table><thead><tr><th>a</thead><tbody><tr><td>b</table>", "| a |\n| --- |\n| b |"),
        ("<img src='https://x.test/a.png' alt=' [a]\n b '><img alt='no source'>", "![\\[a\\] b](https://x.test/a.png)"),
        ("<iframe src='https://x.test'></iframe><button>Buy</button><video src='x'>old</video>a", "a"),
        ("a<hr>b", "a\n\n---\n\nb"),
        ("<p>1. a</p><p>- b</p><p># c</p><p>> d</p><p>+ e</p><p>===</p>", "1\\. a\n\n\\- b\n\n\\# c\n\n\\> d\n\n\\+ e\n\n\\==="),
        ("snake_case _it_ *b* `c` [d] &lt;e&gt; 1 &lt; 2 &amp;amp; ~~f~~ \\",
         "snake_case \\_it\\_ \\*b\\* \\`c\\` \\[d\\] \\<e> 1 < 2 \\&amp; \\~\\~f\\~\\~ \\\\"),
    ],
)  # fmt: skip
def test_to_markdown(markup: str, markdown: str) -> None:
    assert _markdown(markup) == markdown


def test_neighbours_and_the_text_between_them() -> None:
    parent = html.fragment_fromstring("<p>a</p>b<ul><li>c</ul>d", create_parent="div")
    assert to_markdown(list(parent)) == "a\n\nb\n\n- c\n\nd"


def test_only_so_many_elements_are_read() -> None:
    markdown = _markdown("<p>x</p>" * (MAX_ELEMENTS + 5))
    assert 0 < markdown.count("x") <= MAX_ELEMENTS


@given(st.lists(st.text(alphabet=st.characters(min_codepoint=32, categories=["L", "N", "P", "S", "Zs"]), min_size=1)))
def test_text_means_itself(paragraphs: list[str]) -> None:
    """Whatever a page says in plain paragraphs, a Markdown reader reads it again."""
    parent = html.Element("div")
    for paragraph in paragraphs:
        html.etree.SubElement(parent, "p").text = paragraph
    rendered = html.fragment_fromstring(MarkdownIt("commonmark").render(to_markdown([parent])), create_parent="div")
    words = [" ".join(paragraph.split()) for paragraph in paragraphs]
    assert [" ".join(element.text_content().split()) for element in rendered] == [text for text in words if text]
