"""Small pictures for templates that show some. Pure."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

from n8n_scraper.replica.seeds import seeded


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
