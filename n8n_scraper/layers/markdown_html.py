"""Markdown → HTML, as n8n shows it: CommonMark, tables, strikethrough, and its own ``@[youtube](ID)``. Pure.

Raw HTML in it is handed through ``markup``, which decides what of it stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

import pyromark

Markup = Callable[[str], str]
_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
MAX_DEPTH = 100
"""Tags inside each other; the HTML parser gives up at 256. What is nested deeper is told without its tags."""

_PLAIN = {"SoftBreak": "\n", "HardBreak": "<br />\n", "Rule": "<hr />\n"}
_TAGS = {
    "Paragraph": ("<p>", "</p>\n"),
    "BlockQuote": ("<blockquote>\n", "</blockquote>\n"),
    "Item": ("<li>", "</li>\n"),
    "Emphasis": ("<em>", "</em>"),
    "Strong": ("<strong>", "</strong>"),
    "Strikethrough": ("<s>", "</s>"),
    "Table": ("<table>\n", "</table>\n"),
    "TableHead": ("<tr>\n", "</tr>\n"),
    "TableRow": ("<tr>\n", "</tr>\n"),
    "TableCell": ("<td>", "</td>\n"),
}
_VIDEO = re.compile(r"[^()\s]{1,300}")

# What this parser and n8n's take differently, put out of its way and back: it strikes out between single tildes, and
# takes three more characters for blanks. Each stand-in is of the class that n8n's parser has the character in.
_LONE_TILDE = re.compile(r"(?<![~\\])~(?!~)")
_STAND_INS = {"~": "\U00010b3f", "\x85": "\ufdd0", "\u2028": "\ufdd1", "\u2029": "\ufdd2"}


def to_html(text: str, *, block: Markup, inline: Markup) -> str:
    """``block`` and ``inline`` get what stands as HTML between the paragraphs and in them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    replaced = [char for char in _STAND_INS if char in text]
    for char in replaced:
        text = _LONE_TILDE.sub(_STAND_INS[char], text) if char == "~" else text.replace(char, _STAND_INS[char])
    writer = _Writer(block, inline)
    for event in pyromark.events(text.encode("utf-8", "replace").decode(), options=_OPTIONS):
        writer.take(event)
    html = "".join(writer.parts)
    for char in replaced:
        html = html.replace(_STAND_INS[char], char)
    return html


class _Writer:
    """One pass over the parser's events: a name, or ``{kind: value}`` with a name or ``{name: details}`` in it."""

    def __init__(self, block: Markup, inline: Markup) -> None:
        self.parts: list[str] = []
        self._block_markup, self._inline_markup = block, inline
        self._depth = 0
        self._html: list[str] = []
        """Lines of the HTML block that is open."""
        self._images = 0
        """Images that are open, one in the other's description."""
        self._alt: list[str] = []
        self._source = ""
        self._links: list[tuple[int, str | None]] = []
        """Links that are open: where they begin, and the video that they may stand for."""

    def take(self, event: Any) -> None:
        if isinstance(event, str):
            if not self._images:
                self.parts.append(_PLAIN[event])
            elif event == "SoftBreak":
                self._alt.append("\n")
            return
        ((kind, value),) = event.items()
        if kind == "Text":
            (self._alt if self._images else self.parts).append(escape(value))
        elif kind in ("Start", "End"):
            name, details = (value, None) if isinstance(value, str) else next(iter(value.items()))
            self._start(name, details) if kind == "Start" else self._end(name, details)
        elif kind == "Html":
            self._html.append(value)
        elif not self._images:
            self.parts.append(self._inline_markup(value) if kind == "InlineHtml" else f"<code>{escape(value)}</code>")

    def _start(self, name: str, details: Any) -> None:
        self._depth += 1
        if name == "Image":
            self._images += 1
            self._source = details["dest_url"] if self._images == 1 else self._source
        elif not self._images and self._depth <= MAX_DEPTH:
            self.parts.append(self._opening(name, details))

    def _opening(self, name: str, details: Any) -> str:
        if name in _TAGS:
            return _TAGS[name][0]
        if name == "Link":
            return self._open_link(details)
        if name == "Heading":
            return f"<{details['level'].lower()}>"
        if name == "List":
            return "<ul>\n" if details is None else "<ol>\n"
        return _open_code(details) if name == "CodeBlock" else ""

    def _end(self, name: str, details: Any) -> None:
        self._depth -= 1
        if name == "Image":
            self._images -= 1
            if not self._images:
                self.parts.append(f'<img src="{escape(self._source)}" alt="{"".join(self._alt)}" />')
                self._alt.clear()
        elif not self._images and self._depth < MAX_DEPTH:
            self.parts.append(self._closing(name, details))

    def _closing(self, name: str, details: Any) -> str:
        if name in _TAGS:
            return _TAGS[name][1]
        if name == "Link":
            return self._close_link()
        if name == "Heading":
            return f"</{details.lower()}>\n"
        if name == "List":
            return "</ol>\n" if details else "</ul>\n"
        if name == "CodeBlock":
            return "</code></pre>\n"
        html = self._block_markup("".join(self._html))
        self._html.clear()
        return html

    def _open_link(self, details: Any) -> str:
        address = details["dest_url"]
        is_video = self.parts and self.parts[-1].endswith("@") and _VIDEO.fullmatch(address) and not details["title"]
        self._links.append((len(self.parts), address if is_video else None))
        return f'<a href="{"mailto:" if details["link_type"] == "Email" else ""}{escape(address)}">'

    def _close_link(self) -> str:
        first, video = self._links.pop()
        if video is None or "".join(self.parts[first + 1 :]).lower() != "youtube":
            return "</a>"
        del self.parts[first:]
        self.parts[-1] = self.parts[-1].removesuffix("@")
        source = video if "/" in video else f"https://www.youtube.com/embed/{video}"
        return f'<embed src="{escape(source)}">'


def _open_code(details: Any) -> str:
    """``Indented``, or ``{Fenced: what stands after the fence}``."""
    words = details["Fenced"].split(maxsplit=1) if isinstance(details, dict) else []
    return f'<pre><code class="language-{escape(words[0])}">' if words else "<pre><code>"
