from __future__ import annotations

import sys

import pytest

from n8n_scraper.printable import LIMIT, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ünïcode, 中文, 😀 and a space", "Ünïcode, 中文, 😀 and a space"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x1b[31mred\x07\x00", "\\x1b[31mred\\x07\\x00"),
        ("\x85\u2028\u00a0", "\\x85\\u2028\\xa0"),
        ("invoice\u202efdp.exe\u2066\u200b", "invoice\\u202efdp.exe\\u2066\\u200b"),
        ("\ud800", "\\ud800"),
        ("x" * 500, "x" * (LIMIT - 1) + "…"),
        ("", ""),
    ],
)
def test_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_every_character_comes_out_printable() -> None:
    assert all(printable(chr(code)).isprintable() for code in range(sys.maxunicode + 1))


def test_limit() -> None:
    assert printable("abcd", 4) == "abcd"
    assert printable("abcde", 4) == "abc…"
    assert printable("\n\n\n", 4) == "\\n\\…"
    assert len(printable("\U000e0001" * 10**6)) == LIMIT
