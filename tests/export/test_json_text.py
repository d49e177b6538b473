from __future__ import annotations

import json
import math
from typing import Any

import pytest

from n8n_scraper.export.json_text import encode_json, is_clean, repair_json, repair_text


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (r'"a\u0000b"', '"a\ufffdb"'),
        (r'"\ud83d\ude00"', r'"\ud83d\ude00"'),  # a pair is a character
        (r'"\ud83d"', '"\ufffd"'),
        (r'"\ude00\ud83d"', '"\ufffd\ufffd"'),
        (r'"\ud83d\ud83d\ude00"', '"\ufffd\\ud83d\\ude00"'),
        (r'"\\u0000"', r'"\\u0000"'),  # a backslash and five characters, as JavaScript in workflows has it
        (r'"\\\u0000"', '"\\\\\ufffd"'),
        ('{\r\n "a": 1.10\n}', '{   "a": 1.10 }'),
        (r'"\n"', r'"\n"'),
    ],
)
def test_repair_touches_only_what_readers_refuse(text: str, repaired: str) -> None:
    assert repair_json(text) == repaired
    json.loads(repaired).__repr__().encode()


@pytest.mark.parametrize(
    ("value", "read_back"),
    [
        ({"a": 2**64, "b": -(2**90)}, {"a": 2**64, "b": -(2**90)}),
        ({"a": [math.nan, math.inf, 1]}, {"a": [None, None, 1]}),
        ({"a": [math.nan, 2**64]}, {"a": [None, 2**64]}),
        ({"lone \ud800": "\ud83d\ude00"}, {"lone \ufffd": "😀"}),
        ({"a": "\x00"}, {"a": "\ufffd"}),
    ],
)
def test_odd_values_are_written(value: Any, read_back: Any) -> None:
    assert json.loads(repair_json(encode_json(value))) == read_back


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_what_orjson_finds_too_deep_is_written() -> None:
    assert encode_json(nested(300)) == "[" * 300 + "1" + "]" * 300


@pytest.mark.parametrize("value", [nested(200_000), {"a": object()}, {(1, 2): 3}])
def test_what_cannot_be_written_is_told(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encode_json(value)


@pytest.mark.parametrize(
    ("text", "clean"), [("", True), ("aé🤖", True), ("a\x00", False), ("é\ud800", False), ("\udfff", False)]
)
def test_clean_text(text: str, clean: bool) -> None:
    assert is_clean(text) is clean
    assert is_clean(repair_text(text))
    assert (repair_text(text) == text) is clean
