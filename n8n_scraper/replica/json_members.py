"""The members of a JSON object as they were written: no number is rounded, no depth is too deep. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}:,"]', re.DOTALL)
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")


def members(text: bytes) -> dict[str, bytes]:
    """``{"a": 1e400, "b": [2]}`` → ``{"a": b"1e400", "b": b"[2]"}``; ValueError where it is no whole object.

    What is inside the members is not looked at. Keys are taken as written, without their quotes.
    """
    found: dict[str, bytes] = {}
    depth, key, start = 0, "", 0
    for token in _TOKEN.finditer(text):
        sign = text[token.start()]
        if token[0] == b'"':
            raise ValueError("not a whole JSON object: a string does not end")
        if sign in _CLOSING:
            depth -= 1
        if depth == 1 and sign == ord('"') and not key:
            key = token[0][1:-1].decode()
        elif depth == 1 and sign == ord(":"):
            start = token.end()
        if key and start and ((depth == 1 and sign == ord(",")) or depth == 0):
            found[key] = text[start : token.start()].strip()
            key, start = "", 0
        if sign in _OPENING:
            depth += 1
    if depth or not text.strip().startswith(b"{") or not text.strip().endswith(b"}"):
        raise ValueError("not a whole JSON object")
    return found


def joined(parts: Mapping[str, bytes]) -> bytes:
    """The object again; keys are as :func:`members` gives them."""
    return b"{" + b",".join(b'"%b":%b' % (key.encode(), value) for key, value in parts.items()) + b"}"
