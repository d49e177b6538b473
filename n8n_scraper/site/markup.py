"""XML and HTML bytes from outside → an lxml tree, within bounds and without entities, network or files. Pure."""

from __future__ import annotations

import codecs
import re
import zlib

from lxml import etree, html

from n8n_scraper.exceptions import UnusableAnswer

MAX_UNPACKED_BYTES = 50_000_000
"""What the sitemap protocol allows."""
MAX_TAGS = 1_000_000
"""Tags of a sitemap; an element costs 4 bytes on the wire and over 100 in memory."""
MAX_PAGE_TAGS = 100_000
"""Tags of a page; real ones have some thousand."""

_PAGE_CODECS = re.compile(r"utf-(?:8|16)(?:-.*)?|ascii|iso8859-\d+|cp\d+|koi8-.|gb\w+|big5\w*|shift_jis\w*|euc_\w+")
_GZIP = b"\x1f\x8b"


def read_xml(body: bytes) -> etree._Element:
    """The root of a well-formed document without a document type, gzipped or not.

    Raises:
        UnusableAnswer: ``malformed`` or ``too_large``.
    """
    body = _unpacked(body)
    _check_size(body, MAX_TAGS)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise UnusableAnswer("malformed", f"not XML at line {error.lineno}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnusableAnswer("malformed", "XML with a document type, where entity tricks live")
    return root


def read_html(body: bytes, encoding: str | None = None) -> etree._Element | None:
    """The root of a page, as forgiving as a browser; None when there is no element in it.

    Raises:
        UnusableAnswer: ``too_large``.
    """
    _check_size(body, MAX_PAGE_TAGS)
    text = body.decode(_known(encoding), "replace").replace("\x00", "\ufffd")
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def _known(encoding: str | None) -> str:
    """A codec for pages; Python has others (hex, zlib, punycode) that fail or hang on bytes of somebody's choice."""
    try:
        name = codecs.lookup(encoding or "utf-8").name
    except (LookupError, ValueError):
        return "utf-8"
    return name if _PAGE_CODECS.fullmatch(name) else "utf-8"


def _check_size(body: bytes, max_tags: int) -> None:
    if len(body) > MAX_UNPACKED_BYTES:
        raise UnusableAnswer("too_large", f"a body of {len(body)} bytes")
    if body.count(b"<") > max_tags:
        raise UnusableAnswer("too_large", f"more than {max_tags} tags in one body")


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    unzip = zlib.decompressobj(wbits=31)
    try:
        unpacked = unzip.decompress(body, MAX_UNPACKED_BYTES)
    except zlib.error:
        raise UnusableAnswer("malformed", "broken gzip data") from None
    if unzip.unconsumed_tail:
        raise UnusableAnswer("too_large", f"more than {MAX_UNPACKED_BYTES} bytes when unpacked")
    if not unzip.eof:
        raise UnusableAnswer("malformed", "gzip data that ends early")
    return unpacked
