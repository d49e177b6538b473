"""Single values of an answer: what has not the type or range it should have is None, never an error. Pure."""

from __future__ import annotations

import math
import re
from typing import Any

MAX_LABEL = 255
"""Longest name of a person or category in characters; the real ones stay under 100."""
MAX_COUNT = 2**63 - 1
MAX_PRICE = 1_000_000.0

_PRICE_TEXT = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,2})?")


def read_label(value: Any) -> str | None:
    """A short text without blanks at its ends; None when empty, too long, or no text."""
    if not isinstance(value, str) or len(value) > MAX_LABEL:
        return None
    return value.strip() or None


def read_count(value: Any) -> int | None:
    """A whole number from 0 that a database takes."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
    return value if is_count else None


def read_price(value: Any) -> float | None:
    """US dollars from a number or from digits in a text."""
    if isinstance(value, str) and _PRICE_TEXT.fullmatch(value.strip()):
        value = float(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= MAX_PRICE and math.isfinite(value) else None
