"""Small pictures for templates that show some, and the host that they lie on. Pure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache

from n8n_scraper.replica.pictures import PICTURES
from n8n_scraper.replica.replies import NOT_FOUND, Reply, text_reply
from n8n_scraper.replica.routes import Route
from n8n_scraper.replica.seeds import seeded

_TYPES = {"jpg": "image/jpeg", "ico": "image/x-icon", "svg": "image/svg+xml"}


class Media:
    """The host of pictures: whatever is asked for is there, in the format that its name ends with."""

    def answer(self, route: Route, query: Mapping[str, str]) -> Reply:
        if route.kind == "robots":
            return text_reply("User-agent: *\nDisallow: /private/\n")
        return picture(route.rest) if route.kind == "image" else NOT_FOUND


def picture(name: str) -> Reply:
    ending = name.rpartition(".")[2]
    body = PICTURES.get(ending) or png(name)
    return Reply(200, body, _TYPES.get(ending, f"image/{ending}") if ending in PICTURES else "image/png")


def bomb_picture() -> bytes:
    """A PNG whose header claims 60,000 by 60,000 pixels."""
    body = png("bomb")
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return body[:8] + _chunk(b"IHDR", header) + body[33:]


@lru_cache(maxsize=256)
def png(name: str) -> bytes:
    """A PNG of one colour whose size and colour follow from its name."""
    rng = seeded("image", name)
    width, height = rng.randint(16, 320), rng.randint(16, 240)
    row = b"\x00" + bytes(rng.randrange(256) for _ in range(3)) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
