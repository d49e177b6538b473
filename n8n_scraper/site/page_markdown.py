"""Rendered HTML → the Markdown it may have been made from. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import ClassVar

from lxml import etree

from n8n_scraper.site.markdown_escapes import code_span, escape_line_start, escape_text, fence_for, link_target

MAX_ELEMENTS = 10_000
"""How many elements of a description are read; real ones have some hundred."""
MAX_IN_SPAN = 100
"""How many elements emphasis or a link may hold."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset((*_HEADINGS, "p", "div", "section", "article", "figure", "table", "details", "summary", "dl", "dt"))
_NOT_IN_SPANS = _BLOCKS | {"li", "blockquote", "pre"}
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~", "strike": "~~"}
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang)-(\S+)")


def to_markdown(elements: list[etree._Element]) -> str:
    """Headings, paragraphs, lists, quotes, tables, code, links, images and emphasis of some neighbouring elements."""
    writer = _Writer()
    for element in elements:
        writer.walk(element)
    return writer.text()


class _Writer:
    """Writes line by line; ``_prefix`` holds what each line of the open lists and quotes begins with."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._left = 2 * MAX_ELEMENTS  # events
        self._gap: str | None = None  # the empty line that the next line has to have before it
        self._line = ""
        self._prefix: list[str] = []
        self._marker = ""  # replaces the last prefix once: the bullet of a list item
        self._lists: list[int | None] = []  # number of the next item, None for bullets
        self._cells = 0
        self._openers: list[str] = []  # of emphasis and links in which nothing was written yet

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines)

    def walk(self, root: etree._Element) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            self._left -= 1
            if self._left < 0:
                return
            if event == "start":
                verbatim = self._VERBATIM.get(element.tag)
                if verbatim:
                    verbatim(self, element)
                    walk.skip_subtree()
                else:
                    self._open(element)
                    self._write(element.text)
            else:
                if element.tag not in self._VERBATIM:
                    self._close(element)
                self._write(element.tail)

    def _open(self, element: etree._Element) -> None:
        tag = element.tag
        if tag in _BLOCKS:
            self._block()
            self._line += "#" * _HEADINGS[tag] + " " if tag in _HEADINGS else ""
        elif tag in ("ul", "ol"):
            self._open_list(element)
        elif tag == "li":
            self._open_item()
        elif tag == "blockquote":
            self._block()
            self._prefix.append("> ")
        elif tag == "tr":
            self._end_line()
            self._cells = 0
        elif tag in ("td", "th"):
            self._cells += 1
            self._line = "| " if self._cells == 1 else self._line.rstrip() + " | "
        elif _is_span(element):
            self._openers.append(_MARKS.get(tag, "["))

    def _close(self, element: etree._Element) -> None:
        tag = element.tag
        if _is_span(element):
            self._close_span(_MARKS.get(tag) or f"]({link_target(element.get('href'))})")
        elif tag in _BLOCKS:
            self._block()
        elif tag in ("ul", "ol"):
            self._lists.pop()
            self._end_line() if self._lists else self._block()
        elif tag == "li":
            self._end_line()
            self._prefix.pop()
            self._marker = ""
        elif tag == "blockquote":
            self._end_line()
            self._prefix.pop()
            self._block()
        elif tag == "tr":
            self._end_row(element)

    def _close_span(self, closer: str) -> None:
        """Blanks stay outside of emphasis; what holds nothing is left out."""
        if self._openers:
            self._openers.pop()
            return
        inner = self._line.rstrip()
        self._line = inner + closer + self._line[len(inner) :]

    def _flush(self) -> None:
        self._line += "".join(self._openers)
        self._openers.clear()

    def _open_list(self, element: etree._Element) -> None:
        self._end_line() if self._lists else self._block()
        start = element.get("start") or "1"
        self._lists.append(None if element.tag == "ul" else int(start) if start.isdecimal() and len(start) < 9 else 1)

    def _open_item(self) -> None:
        self._end_line()
        number = self._lists[-1] if self._lists else None
        self._marker = "- " if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1
        self._prefix.append(" " * len(self._marker))

    def _end_row(self, row: etree._Element) -> None:
        cells, self._cells = self._cells, 0
        self._line += " |"
        self._end_line()
        if _is_first(row):
            self._line = "|" + " --- |" * cells
            self._end_line()

    def _pre(self, element: etree._Element) -> None:
        self._block()
        inner = element.find("code")
        language = _LANGUAGE.search((element if inner is None else inner).get("class") or "")
        code = "".join(element.itertext()).removesuffix("\n")
        fence = fence_for(code, 3)
        for line in (f"{fence}{language[1] if language else ''}", *code.split("\n"), fence):
            self._line = line
            self._end_line(is_code=True)
        self._block()

    def _code(self, element: etree._Element) -> None:
        if code := code_span("".join(element.itertext())):
            self._flush()
            self._line += code

    def _image(self, element: etree._Element) -> None:
        source = (element.get("src") or "").strip()
        alt = escape_text(" ".join((element.get("alt") or "").split()))
        if source:
            self._flush()
            self._line += f"![{alt}]({link_target(source)})"

    def _break(self, element: etree._Element) -> None:
        if self._cells:
            self._line += "<br>"
        elif self._line:
            self._line += "  "
            self._end_line(is_code=True)

    def _rule(self, element: etree._Element) -> None:
        self._block()
        self._line = "---"
        self._block()

    def _nothing(self, element: etree._Element) -> None:
        """Players and the like: Markdown has no words for them."""

    _VERBATIM: ClassVar[dict[str, Callable[[_Writer, etree._Element], None]]] = {
        "pre": _pre,
        "code": _code,
        "img": _image,
        "br": _break,
        "hr": _rule,
        **dict.fromkeys(("iframe", "video", "audio", "object", "embed", "svg", "button", "input"), _nothing),
    }

    def _write(self, text: str | None) -> None:
        words = " ".join((text or "").split())
        if not text or (not words and not self._line):
            return
        if text[0].isspace() and self._line and not self._line.endswith(" "):
            self._line += " "
        if not words:
            return
        escaped = escape_text(words) if self._line else escape_line_start(escape_text(words))
        self._flush()
        self._line += escaped.replace("|", "\\|") if self._cells else escaped
        if text[-1].isspace():
            self._line += " "

    def _block(self) -> None:
        """What follows begins a block of its own, after an empty line that belongs to the outermost quote or list."""
        if self._cells:
            return
        self._end_line()
        if self._lines and not self._marker:
            prefix = "".join(self._prefix).rstrip()
            self._gap = prefix if self._gap is None else min(self._gap, prefix, key=len)

    def _end_line(self, *, is_code: bool = False) -> None:
        if self._line.strip() or is_code:
            if self._gap is not None:
                self._lines.append(self._gap)
            prefix = "".join(self._prefix[:-1]) + self._marker if self._marker else "".join(self._prefix)
            self._lines.append(prefix + (self._line if is_code else self._line.rstrip()))
            self._marker, self._gap = "", None
        self._line = ""


def _is_span(element: etree._Element) -> bool:
    """Emphasis or a link; Markdown has none around paragraphs and lists."""
    if element.tag not in _MARKS and element.tag != "a":
        return False
    inner = [descendant.tag for descendant in islice(element.iter(), MAX_IN_SPAN + 1)]
    return len(inner) <= MAX_IN_SPAN and not _NOT_IN_SPANS.intersection(inner)


def _is_first(row: etree._Element) -> bool:
    """Whether it is the first row of its table, which Markdown takes as the heads of the columns."""
    part = row.getparent()
    is_first_part = part is None or part.tag == "table" or part.getprevious() is None
    return row.getprevious() is None and is_first_part
