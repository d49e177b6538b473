"""JSON values and JSON text on their way into a row: one line, and nothing in it that a reader refuses. Pure.

Validation keeps such values out of the store; these are the last resort, so that no row can stop an export.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair of surrogates: a character like any other
    r"|(?P<bad>\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2}))"
    r"|\\."  # any other escape, so that the backslash of `\\u0000` (a backslash and four digits) is not taken for one
)
_LINE_BREAKS = str.maketrans("\r\n", "  ")
_BAD_CHARACTERS = re.compile("[\x00\ud800-\udfff]")


def encode_json(value: Any) -> str:
    """``value`` as JSON text; integers stay exact however large, NaN becomes null. To be repaired as any other text.

    Raises:
        ValueError: a value that is no JSON, or is nested too deeply to be written.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # integers beyond 64 bits, lone surrogates, more than 254 levels
        return _encode_slowly(value)


def repair_json(text: str) -> str:
    """Valid JSON text → the same in one line, NUL and lone surrogates replaced by U+FFFD, all else as it was."""
    if "\n" in text or "\r" in text:
        text = text.translate(_LINE_BREAKS)  # outside of strings only: inside they are escaped
    if not _SUSPICIOUS.search(text):
        return text
    return _ESCAPE.sub(lambda match: "\ufffd" if match["bad"] else match[0], text)


def is_clean(text: str) -> bool:
    """Without NUL and lone surrogates."""
    if "\x00" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def repair_text(text: str) -> str:
    """NUL and lone surrogates become U+FFFD."""
    return _BAD_CHARACTERS.sub("\ufffd", text)


def _encode_slowly(value: Any) -> str:
    try:
        text = json.dumps(value, separators=(",", ":"))
        if "NaN" in text or "Infinity" in text:
            text = json.dumps(json.loads(text, parse_constant=lambda _: None), separators=(",", ":"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except TypeError as error:
        raise ValueError(str(error)) from None
    return text
