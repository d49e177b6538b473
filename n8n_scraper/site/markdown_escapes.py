"""Text, code and addresses as they have to stand in Markdown to mean themselves. Pure."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*\[\]~]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|@(?=\[)")
_ITEM_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:\s|\Z))")
_BLOCK_MARK = re.compile(r"[>=|]|#{1,6}(?=\s|\Z)|[+-](?=[\s-]|\Z)")
_BLANKS = re.compile(r"\s+")
_BACKTICKS = re.compile(r"`+")
_NEEDS_BRACKETS = re.compile(r"[\s()]")
_NEVER_IN_BRACKETS = re.compile(r"[<>\n]")


def escape_text(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def escape_line_start(text: str) -> str:
    """``# 1`` and ``1. first`` at the start of a line would be a heading and a list."""
    if number := _ITEM_NUMBER.match(text):
        return f"{number[0]}\\{text[number.end() :]}"
    return "\\" + text if _BLOCK_MARK.match(text) else text


def code_span(code: str) -> str:
    """Inline code, in enough backticks for the ones in it; '' for blanks only."""
    text = _BLANKS.sub(" ", code)
    if not text.strip():
        return ""
    fence = fence_for(text, 1)
    pad = " " if text.startswith("`") or text.endswith("`") or text[:1] == text[-1:] == " " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fence_for(code: str, least: int) -> str:
    """More backticks than ever stand together in the code."""
    return "`" * max(least, 1 + max((len(run) for run in _BACKTICKS.findall(code)), default=0))


def link_target(url: str | None) -> str:
    """An address as the target of a link or image; blanks and brackets in it need ``<…>`` around it."""
    address = (url or "").strip()
    wrapped = _NEEDS_BRACKETS.search(address) and not _NEVER_IN_BRACKETS.search(address)
    return f"<{address}>" if wrapped else address
