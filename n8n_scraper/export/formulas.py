"""Text that a spreadsheet would run as a formula, defused reversibly. Pure.

A cell is *dangerous* when, after any number of apostrophes, it starts with ``= + - @``, a tab or a carriage return.
A dangerous cell gets one apostrophe in front; reading strips one apostrophe from a cell that starts with apostrophes
followed by such a character. Both rules look at the same class of cells, which is closed under adding an apostrophe,
so every text comes back: ``=1`` ↔ ``'=1``, ``'=1`` ↔ ``''=1``, ``'tis`` ↔ ``'tis``.
"""

from __future__ import annotations

import re

DANGEROUS = r"^'*[=+\-@\t\r]"
DEFUSED = r"^'(?='*[=+\-@\t\r])"
"""What to strip when reading: ``re.sub(DEFUSED, "", cell)``."""

_DANGEROUS = re.compile(DANGEROUS)
_DEFUSED = re.compile(DEFUSED)


def defuse(cell: str) -> str:
    return "'" + cell if _DANGEROUS.match(cell) else cell


def restore(cell: str) -> str:
    """The reverse of :func:`defuse`, for every text."""
    return _DEFUSED.sub("", cell, count=1)
