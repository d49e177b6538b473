"""Markdown with fragments of HTML in it → one HTML tree, within bounds. Pure.

Descriptions and sticky notes mix Markdown and HTML. Rendering to HTML and reading that with a forgiving HTML parser
treats both alike, so that whatever reads the tree knows one language only.
"""

from __future__ import annotations

import re
from html import escape

from lxml import etree, html

from n8n_scraper.layers.markdown_html import to_html

MAX_TEXT = 50_000
"""Characters of one text that are analysed; the longest real description has 21,921."""

_TAGS = """
    a abbr article aside audio b blockquote br center code dd del details div dl dt em embed figcaption figure font
    footer h1 h2 h3 h4 h5 h6 header hr i iframe img ins kbd li main mark nav ol p picture pre s section small source
    span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul video
"""
_KEPT_TAGS = frozenset(_TAGS.split())
_PARSER = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:[\s/][^<>]*)?)>")
_HIDDEN = re.compile(r"(?is)<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)")


def parse_markdown(text: str) -> etree._Element | None:
    """The tree of a text, of its first MAX_TEXT characters; None when there is nothing in it."""
    rendered = to_html(text[:MAX_TEXT], block=_block, inline=_inline) if text else ""
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


def _block(markup: str) -> str:
    return _known(_HIDDEN.sub("", markup))


def _inline(markup: str) -> str:
    return "" if markup.startswith(("<!", "<?")) else _known(markup)
