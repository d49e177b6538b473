"""Text from outside made fit for a log line, an error or a report. Pure."""

from __future__ import annotations

LIMIT = 200


def printable(text: str, limit: int = LIMIT) -> str:
    """The text on one line, in at most ``limit`` characters, with nothing in it that changes what is shown.

    Escaped are control characters (a line end among them), bidirectional and other invisible marks, lone surrogates
    and all blanks but the space. A text that was cut ends in ``…``.
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
