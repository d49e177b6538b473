"""A Markdown text → its plain text, sections, links, code, images and addresses, in one walk. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from n8n_scraper.layers.markdown import parse_markdown
from n8n_scraper.layers.videos import MAX_URL_LENGTH


class Section(NamedTuple):
    level: int
    title: str
    text: str


class Link(NamedTuple):
    url: str
    text: str


class Code(NamedTuple):
    language: str | None
    code: str


class Image(NamedTuple):
    url: str
    alt: str | None


class Address(NamedTuple):
    url: str
    said: str
    """The words that go with it."""


@dataclass
class Document:
    """What a text says and shows; the lists are in its order."""

    text: str = ""
    sections: list[Section] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    code_blocks: list[Code] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    """Everything that may be a video: targets of links, images, players, and addresses in plain text."""


_PARAGRAPH_TAGS = """
    p div h1 h2 h3 h4 h5 h6 ul ol dl table pre blockquote hr section article aside header footer main nav figure
    details summary center
"""
_PARAGRAPHS = frozenset(_PARAGRAPH_TAGS.split())
_LINES = frozenset(("br", "li", "tr", "dt", "dd", "figcaption"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\^{}|]+")
_AFTER_ADDRESS = ".,;:!?*_~]"
_SAID = 80
"""Characters before an address in plain text that are taken as said of it."""
_NOT_A_LINK = re.compile(r"(?i)\s*(?:javascript|vbscript|data|attachment|file):|#|\Z")
_LANGUAGE = re.compile(r"(?:^|\s)language-(\S+)")


def read_document(text: str) -> Document:
    tree = parse_markdown(text)
    return Document() if tree is None else _Walk(tree).document


class _Heading(NamedTuple):
    level: int
    title: int
    """The first part of its title …"""
    text: int
    """… and of the text under it."""


class _OpenLink(NamedTuple):
    url: str
    part: int
    """The first part of its text …"""
    image: int
    """… and the first image in it."""


class _Walk:
    """One pass over the tree, without recursion: how deep it is nested is the writer's choice."""

    def __init__(self, tree: etree._Element) -> None:
        self.document = Document()
        self._parts: list[str] = []
        self._gap = ""
        self._headings: list[_Heading] = []
        self._links: list[_OpenLink] = []
        self._raw = 0  # depth inside pre and code, where text is taken as it stands and addresses are examples
        for event, element in etree.iterwalk(tree, events=("start", "end")):
            self._enter(element) if event == "start" else self._leave(element)
        self.document.text = "".join(self._parts).strip()
        self._close_sections()

    def _enter(self, element: etree._Element) -> None:
        tag = element.tag
        self._break(tag)
        if tag in ("pre", "code"):
            self._enter_code(element)
        elif tag == "a":
            self._links.append(_OpenLink(element.get("href") or "", len(self._parts), len(self.document.images)))
        elif tag == "img":
            self._image(element)
        elif tag in ("embed", "video", "source"):
            self._address(element.get("src"), "video")
        elif tag in _HEADINGS:
            self._headings.append(_Heading(_HEADINGS[tag], len(self._parts), len(self._parts)))
        self._add(element.text)

    def _leave(self, element: etree._Element) -> None:
        tag = element.tag
        if tag in ("pre", "code"):
            self._raw -= 1
            self._parts[-1:] = [part.rstrip("\n") for part in self._parts[-1:]]
        elif tag == "a":
            self._leave_link(self._links.pop())
        elif tag in _HEADINGS and self._headings:
            self._headings[-1] = self._headings[-1]._replace(text=len(self._parts))
        elif tag in ("td", "th"):
            self._gap = self._gap or " "
        if tag != "br":
            self._break(tag)
        self._add(element.tail)

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._gap = "\n\n"
        elif tag in _LINES and self._gap != "\n\n":
            self._gap = "\n"

    def _add(self, text: str | None) -> None:
        if not text:
            return
        if self._raw:
            self._write(text)
            return
        if not self._links:
            self._bare_addresses(text)
        words = " ".join(text.split())
        if not words:
            self._gap = self._gap or " "
            return
        if text[0].isspace():
            self._gap = self._gap or " "
        self._write(words)
        if text[-1].isspace():
            self._gap = " "

    def _write(self, text: str) -> None:
        if self._parts:
            self._parts.append(self._gap)
        self._parts.append(text)
        self._gap = ""

    def _bare_addresses(self, text: str) -> None:
        if "://" not in text:
            return
        before = "".join(self._parts[-2:])[-_SAID:]
        for match in _ADDRESS.finditer(text):
            if len(match[0]) <= MAX_URL_LENGTH:
                url, start = _without_trailer(match[0]), match.start()
                self.document.links.append(Link(url, url))
                self._address(url, before[start:] + text[max(0, start - _SAID) : start])

    def _enter_code(self, element: etree._Element) -> None:
        self._raw += 1
        if self._raw > 1:
            return
        if element.tag == "code":
            text = (element.text or "").strip()
            self._address(text if len(text) <= MAX_URL_LENGTH and _ADDRESS.fullmatch(text) else None, "")
            return
        inner = element.find("code")
        language = _LANGUAGE.search(inner.get("class") or "") if inner is not None else None
        code = "".join(element.itertext()).removesuffix("\n")
        self.document.code_blocks.append(Code(language[1] if language else None, code))

    def _image(self, element: etree._Element) -> None:
        source, alt = (element.get("src") or "").strip(), (element.get("alt") or "").strip()
        if source:
            self.document.images.append(Image(source, alt or None))
            self._address(source, alt)

    def _address(self, url: str | None, said: str) -> None:
        if url and url.strip():
            self.document.addresses.append(Address(url.strip(), said))

    def _leave_link(self, link: _OpenLink) -> None:
        if _NOT_A_LINK.match(link.url):
            return
        shown = " ".join(image.alt for image in self.document.images[link.image :] if image.alt)
        text = self._between(link.part, len(self._parts))
        self.document.links.append(Link(link.url.strip(), text or shown))
        self._address(link.url, f"{text} {shown}")

    def _close_sections(self) -> None:
        starts = [heading.title for heading in self._headings] + [len(self._parts)]
        for heading, end in zip(self._headings, starts[1:], strict=True):
            title, text = self._between(heading.title, heading.text), self._between(heading.text, end)
            self.document.sections.append(Section(heading.level, title, text))

    def _between(self, first: int, end: int) -> str:
        return "".join(self._parts[first:end]).strip()


def _without_trailer(url: str) -> str:
    """Without the punctuation of the sentence around it, and a closing bracket that it did not open."""
    url = url.rstrip(_AFTER_ADDRESS)
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(_AFTER_ADDRESS)
    return url
