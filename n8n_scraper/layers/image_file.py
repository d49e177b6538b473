"""What an image file is, by its content: format, width and height. Pure.

Only headers are read and nothing is decoded, so that a picture that would unpack to gigabytes costs nothing; for the
same reason no image library is asked, because some decode as they open. Neither the name of the file nor what its
server calls it counts.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from n8n_scraper.exceptions import UnusableAnswer


class ImageFile(NamedTuple):
    format: str
    """A key of :data:`SUFFIXES`."""
    width: int | None
    """In pixels; None for an SVG that does not state its size in them."""
    height: int | None


SUFFIXES = {"png": "png", "jpeg": "jpg", "gif": "gif", "webp": "webp", "avif": "avif", "bmp": "bmp", "ico": "ico"}
SUFFIXES |= {"svg": "svg"}
"""Format → the ending of its files."""

_HEAD_BYTES = 65_536
_PNG_END = b"IEND\xaeB`\x82"
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?"
    rb"(?:(?:<!--(?:(?!-->).)*-->|<!DOCTYPE[^>\[]{0,500}(?:\[[^\]]{0,5000}\])?\s{0,50}>)\s*)*(<svg\b[^>]*>)",
    re.DOTALL | re.IGNORECASE,
)
_SVG_SIDE = {
    side: re.compile(rb"\s" + side + rb"\s*=\s*[\"']\s*(\d{1,6})(?:\.\d+)?(?:px)?\s*[\"']")
    for side in (b"width", b"height")
}
_NOT_A_FRAME = frozenset({0xC4, 0xC8, 0xCC})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def read_image(body: bytes, max_pixels: int) -> ImageFile:
    """The image that a file holds.

    Raises:
        UnusableAnswer: ``malformed`` (no image of a known format, or a broken one), ``too_large`` (more than
            ``max_pixels``).
    """
    try:
        image = _read(body)
    except (struct.error, IndexError):
        image = None
    if image is None or 0 in (image.width, image.height):
        raise UnusableAnswer("malformed", "no image of a known format, or a broken one")
    if (image.width or 0) * (image.height or 0) > max_pixels:
        raise UnusableAnswer("too_large", f"more than {max_pixels} pixels")
    return image


def _read(body: bytes) -> ImageFile | None:
    for beginning, read in _READERS:
        if beginning.match(body):
            return read(body)
    return None


def _png(body: bytes) -> ImageFile | None:
    if body[12:16] != b"IHDR" or _PNG_END not in body:
        return None
    return ImageFile("png", *struct.unpack_from(">II", body, 16))


def _gif(body: bytes) -> ImageFile | None:
    if b"\x00;" not in body[13:]:
        return None
    return ImageFile("gif", *struct.unpack_from("<HH", body, 6))


def _bmp(body: bytes) -> ImageFile | None:
    (header_size,) = struct.unpack_from("<I", body, 14)
    if header_size not in {12, 40, 52, 56, 64, 108, 124}:
        return None
    width, height = struct.unpack_from("<HH" if header_size == 12 else "<ii", body, 18)
    return ImageFile("bmp", abs(width), abs(height))


def _ico(body: bytes) -> ImageFile | None:
    """The largest of its pictures; 0 stands for 256."""
    (count,) = struct.unpack_from("<H", body, 4)
    sides = [struct.unpack_from("BB", body, 6 + 16 * number) for number in range(min(count, 256))]
    width, height = max(((w or 256, h or 256) for w, h in sides), default=(0, 0))
    return ImageFile("ico", width, height)


def _jpeg(body: bytes) -> ImageFile | None:
    at = 2
    while body[at] == 0xFF:
        marker = body[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NOT_A_FRAME:
            height, width = struct.unpack_from(">HH", body, at + 5)
            return ImageFile("jpeg", width, height) if body.rfind(b"\xff\xd9") > at else None
        else:
            at += 2 + struct.unpack_from(">H", body, at + 2)[0]
    return None


def _webp(body: bytes) -> ImageFile | None:
    (size,) = struct.unpack_from("<I", body, 4)
    if size + 8 > len(body) + 1:
        return None
    kind = body[12:16]
    if kind == b"VP8X":
        return ImageFile("webp", *(int.from_bytes(body[at : at + 3], "little") + 1 for at in (24, 27)))
    if kind == b"VP8L" and body[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", body, 21)
        return ImageFile("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and body[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 26)
        return ImageFile("webp", width & 0x3FFF, height & 0x3FFF)
    return None


def _avif(body: bytes) -> ImageFile | None:
    """The largest extent that its ``meta`` box names: of a grid or a thumbnail there are several."""
    (at,) = struct.unpack_from(">I", body, 0)
    if not re.search(rb"avi[fs]", body[8 : min(at, 256)]) or at < 16:
        return None
    size, kind = struct.unpack_from(">I4s", body, at)
    if kind != b"meta" or at + size > len(body):
        return None
    extents = re.finditer(rb"ispe\0{4}(.{8})", body[at : at + min(size, _HEAD_BYTES)], re.DOTALL)
    sides = [struct.unpack(">II", extent[1]) for extent in extents]
    width, height = max(sides, key=lambda side: side[0] * side[1], default=(0, 0))
    return ImageFile("avif", width, height)


def _svg(body: bytes) -> ImageFile | None:
    """Never rendered and never parsed: its size is what the first tag plainly says."""
    found = _SVG.match(body[:_HEAD_BYTES])
    if found is None or not (b"</svg" in body[-_HEAD_BYTES:].lower() or found[1].endswith(b"/>")):
        return None
    width, height = (_SVG_SIDE[side].search(found[1]) for side in (b"width", b"height"))
    if width is None or height is None:
        return ImageFile("svg", None, None)
    return ImageFile("svg", int(width[1]), int(height[1]))


_READERS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], ImageFile | None]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _png),
    (re.compile(rb"\xff\xd8\xff"), _jpeg),
    (re.compile(rb"GIF8[79]a"), _gif),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), _webp),
    (re.compile(rb".{4}ftyp", re.DOTALL), _avif),
    (re.compile(rb"BM"), _bmp),
    (re.compile(rb"\x00\x00\x01\x00"), _ico),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<"), _svg),
)
"""How a format's files begin → what reads their header."""
