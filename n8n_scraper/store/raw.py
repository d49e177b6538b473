"""Stored answers: the object or page that a row was parsed from, compressed. Pure."""

from __future__ import annotations

import json
from typing import Any

import orjson
import zstandard

LEVEL = 3
MAX_BYTES = 64_000_000
"""Far above MAX_BODY_BYTES as JSON text; a damaged frame cannot ask for more memory than this."""


def pack(answer: dict[str, Any] | str) -> bytes:
    """zstd-compressed UTF-8: JSON of an API answer (exact integers, keys in their order), or the page's HTML as it
    is.
    """
    body = answer.encode() if isinstance(answer, str) else _json(answer)
    return zstandard.ZstdCompressor(level=LEVEL).compress(body)


def _json(answer: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(answer)
    except TypeError:  # integers beyond 64 bits
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def unpack(source: str, body: bytes) -> dict[str, Any] | str:
    """The answer again: an object for source ``api``, text for source ``page``."""
    text = zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BYTES).decode()
    if source == "page":
        return text
    answer: dict[str, Any] = json.loads(text)
    return answer
