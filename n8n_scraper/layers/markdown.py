"""Markdown with fragments of HTML in it → one HTML tree, within bounds. Pure.

Descriptions and sticky notes mix Markdown and HTML. Rendering to HTML and reading that with a forgiving HTML parser
treats both alike, so that whatever reads the tree knows one language only.
"""

from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping, Sequence
from html import escape

from lxml import etree, html
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

logging.getLogger("markdown_it").setLevel(logging.INFO)  # its DEBUG lines, one a rule, cost a third of a crawl's CPU

MAX_TEXT = 50_000
"""Characters of one text that are analysed; the longest real description has 21,921. Text made to be slow costs about
a second for this many."""

_TAGS = """
    a abbr article aside audio b blockquote br center code dd del details div dl dt em embed figcaption figure font
    footer h1 h2 h3 h4 h5 h6 header hr i iframe img ins kbd li main mark nav ol p picture pre s section small source
    span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul video
"""
_KEPT_TAGS = frozenset(_TAGS.split())
_PARSER = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:[\s/][^<>]*)?)>")
_HIDDEN = re.compile(r"(?is)<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)")
_YOUTUBE = re.compile(r"@\[youtube\]\(\s*([^()\s]{1,300})\s*\)", re.IGNORECASE)


def parse_markdown(text: str) -> etree._Element | None:
    """The tree of a text, of its first MAX_TEXT characters; None when there is nothing in it."""
    rendered = _MARKDOWN.render(text[:MAX_TEXT]) if text else ""
    if not rendered.strip():
        return None
    body = f"<html><body>{rendered}</body></html>".replace("\x00", "\ufffd")
    return etree.fromstring(body.encode("utf-8", "replace"), _PARSER)


def _known(markup: str) -> str:
    """Only tags that a browser knows; others, like <your-token>, are text."""
    return _TAG.sub(_tag, markup)


def _tag(match: re.Match[str]) -> str:
    slash, name, rest = match[1], match[2].lower(), match[3]
    if name not in _KEPT_TAGS:
        return escape(match[0], quote=False)
    if name == "iframe":  # its content would be swallowed as raw text; <embed> has none
        return "" if slash else f"<embed{rest}>"
    return f"<{slash}{name}{rest}>"


def _render_block(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, object]
) -> str:
    return _known(_HIDDEN.sub("", tokens[index].content))


def _render_inline(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, object]
) -> str:
    markup = tokens[index].content
    return "" if markup.startswith(("<!", "<?")) else _known(markup)


def _youtube_rule(state: StateInline, silent: bool) -> bool:
    """n8n's own ``@[youtube](ID)``, rendered as the embedded player it stands for."""
    match = _YOUTUBE.match(state.src, state.pos) if state.src[state.pos] == "@" else None
    if match is None:
        return False
    if not silent:
        token = state.push("youtube", "embed", 0)
        token.content = match[1]
    state.pos = match.end()
    return True


def _render_youtube(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, object]
) -> str:
    target = tokens[index].content
    source = target if "/" in target else f"https://www.youtube.com/embed/{target}"
    return f'<embed src="{escape(source)}">'


def _make() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.inline.ruler.before("link", "youtube", _youtube_rule)
    for kind, rule in (("html_inline", _render_inline), ("html_block", _render_block), ("youtube", _render_youtube)):
        markdown.add_render_rule(kind, rule)
    # Addresses stay as published: the inventory compares them with those of the API, and judges them itself.
    for method, answer in (("normalizeLink", str), ("normalizeLinkText", str), ("validateLink", bool)):
        setattr(markdown, method, answer)
    return markdown


_MARKDOWN = _make()
