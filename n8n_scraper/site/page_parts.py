"""Where on a template's page the things are: title, labels, head, description. Pure.

Class names of the site change with every build; what is read here hangs on the words a visitor sees and their order:
title | "Use for free" or "Buy for $20" | "Created by" | "Last update" | "Categories" | "Share" | description |
"More templates by …" and all that follows, which belongs to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lxml import etree


class PageParts(NamedTuple):
    title: etree._Element
    head: list[etree._Element]
    """All elements between title and description, in document order."""
    labels: Mapping[str, int]
    """Where in the head a label stands: created by · last update · categories · share."""
    body: list[etree._Element]
    """The elements that hold the description, none inside another."""


_LABELS = {
    "created by": re.compile(r"created by\b.*"),
    "last update": re.compile(r"last updated?\b.*"),
    "categories": re.compile(r"categor(?:y|ies):?"),
    "share": re.compile(r"share:?"),
}
_INVISIBLE = ("script", "style", "template", "noscript", "svg", "nav", "dialog", "footer")
_BORDER = re.compile(r"\bsection-(?:creator|similar)-workflows\b")
_BORDER_HEADING = re.compile(r"more (?:templates by\b|.{1,60} templates\Z).*")
_FOREIGN = re.compile(r"cookie|testimonial", re.IGNORECASE)
_CATEGORY_PATH = re.compile(r".*/workflows/categories/[^/]+/?")
_SHARE_LINK = re.compile(
    r"(?:https?://(?:www\.|m\.)?(?:(?:twitter|x)\.com/(?:share|intent/(?:tweet|post))|facebook\.com/(?:sharer|share\.php)|"
    r"linkedin\.com/(?:sharing|sharearticle)|reddit\.com/submit|bsky\.app/intent/compose|(?:t|telegram)\.me/share)"
    r"(?:[/.?#].*)?|https?://(?:wa\.me/?|api\.whatsapp\.com/send/?|(?:www\.)?facebook\.com/dialog/share)\?.*|mailto:\?.*)",
    re.IGNORECASE,
)
"""Buttons that hand the page on. Such a host with another path, like t.me/BotFather, is what an author wrote."""
_RELATIVE_DATE = re.compile(r"(?:last updated?:? )?(?:\d{1,4}|an?|last) [a-z]{3,7} ago|last [a-z]{3,7}|yesterday|today")


def find_parts(root: etree._Element) -> PageParts | None:
    """None when this is no page of a template. Takes out of the tree what nobody reads and what belongs to others."""
    etree.strip_elements(root, *_INVISIBLE, with_tail=False)
    title = root.find(".//h1")
    if title is None:
        return None
    _cut_foreign(title)
    following = title.xpath("following::*")
    labels = _find_labels(following)
    if not labels.keys() & {"created by", "last update"}:
        return None
    links = [i for i, element in enumerate(following) if is_category(element) and i < labels.get("share", i + 1)]
    end = labels["share"] if "share" in labels else max([*labels.values(), *links[:3]])
    return PageParts(title, following[:end], labels, _body(following[end]))


def is_category(element: etree._Element) -> bool:
    return element.tag == "a" and _CATEGORY_PATH.fullmatch(element.get("href") or "") is not None


def text_of(element: etree._Element) -> str:
    """All text in an element, its blanks collapsed."""
    return " ".join("".join(element.itertext()).split())


def own_text(element: etree._Element) -> str:
    return " ".join((element.text or "").split())


def _find_labels(elements: list[etree._Element]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, element in enumerate(elements):
        text = own_text(element).lower()
        for label, pattern in _LABELS.items():
            if text and label not in found and pattern.fullmatch(text):
                found[label] = index
    return found


def _body(marker: etree._Element) -> list[etree._Element]:
    elements = [element for element in _after(marker) if not _is_share_link(element)]
    while elements and _RELATIVE_DATE.fullmatch(text_of(elements[0]).lower()):
        elements.pop(0)
    for element in elements:
        for link in filter(_is_share_link, list(element.iter("a"))):
            link.drop_tree()
    return elements


def _after(element: etree._Element) -> Iterator[etree._Element]:
    """What follows in document order, as few whole subtrees."""
    place: etree._Element | None = element
    while place is not None:
        yield from place.itersiblings()
        place = place.getparent()


def _is_share_link(element: etree._Element) -> bool:
    return element.tag == "a" and _SHARE_LINK.fullmatch(element.get("href") or "") is not None


def _cut_foreign(title: etree._Element) -> None:
    """Cuts the page off where other templates begin, and takes cookie dialog and testimonials away."""
    following = title.xpath("following::*")
    borders = [element for element in following if _BORDER.search(element.get("class") or "")]
    headings = (element for element in following if element.tag in ("h2", "h3"))
    borders += [element for element in headings if not borders and _BORDER_HEADING.fullmatch(text_of(element).lower())]
    if borders:
        for element in [borders[0], *_after(borders[0])]:
            element.getparent().remove(element)
    for element in following:
        marks = f"{element.get('class')} {element.get('id')}"
        if element.getparent() is not None and (element.get("role") == "dialog" or _FOREIGN.search(marks)):
            element.getparent().remove(element)
