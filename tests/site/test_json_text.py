from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.site.json_text import MAX_CONTAINERS, MAX_DEPTH, canonical, load_json

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(_VALUES)
def test_what_json_wrote_is_read(value: Any) -> None:
    loaded, repaired = load_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    text = json.dumps(value, ensure_ascii=False)
    assert repaired is ("\\u0000" in text)
    assert repaired or loaded == value


@pytest.mark.parametrize(
    ("body", "value", "repaired"),
    [
        (b'"a\\u0000b"', "a�b", True),
        (b'"a\x00b"', "a�b", True),
        (b'{"\\u0000": {"x\\ud800": ["\\udfff", 1]}}', {"�": {"x�": ["�", 1]}}, True),
        (b'"\\uD83D\\uDE00"', "😀", False),
        (b'"\\ude00\\ud83d"', "��", True),
        (rb'"split(\"\\u0000\") \\ud83d"', 'split("\\u0000") \\ud83d', False),
        (b'"\\ufffd"', "�", False),
        (b'"tab\there"', "tab\there", False),
        (b"\xef\xbb\xbf[1]", [1], False),
        (b'{"a": 1, "a": 2}', {"a": 2}, False),
        (b'{"__proto__": 1}', {"__proto__": 1}, False),
        (b"123456789012345678901234567890", 123456789012345678901234567890, False),
        (b"[2.0515453915550058e+37, -0.0]", [2.0515453915550058e37, -0.0], False),
        (b"null", None, False),
    ],
)
def test_odd_values(body: bytes, value: Any, repaired: bool) -> None:
    assert load_json(body) == (value, repaired)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Not found",
        b"<html></html>",
        b'{"a": ',
        b"[1,]",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"9" * 5_000,
        b"\xff\xfe[\x001\x00]\x00",
        b'"\xed\xa0\x80"',  # a surrogate that pretends to be UTF-8
        b"\x00[1]",
        b"[" * 100_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        load_json(body)
    assert caught.value.kind == "malformed"


def test_depth_up_to_the_limit_is_read() -> None:
    body = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    value, _ = load_json(body)
    assert canonical(value) == body


def test_a_body_of_tiny_lists_is_too_large() -> None:
    with pytest.raises(UnusableAnswer) as caught:
        load_json(b"[" + b"[]," * MAX_CONTAINERS + b"[]]")
    assert caught.value.kind == "too_large"


def test_canonical_is_one_spelling() -> None:
    assert canonical({"b": [1, 2.5, None], "a": "ü\u2028"}) == '{"a":"ü\u2028","b":[1,2.5,null]}'.encode()
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
    assert canonical(2**80) == b"1208925819614629174706176"
    with pytest.raises(ValueError, match="Out of range"):
        canonical(math.nan)


@given(_VALUES)
def test_canonical_is_json(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@pytest.mark.parametrize(
    "number", [1e16, 1e15, 1e-4, 1e-5, -0.000012345, 1.5e300, 5e-324, -0.0, 2**53 + 1, 2**64 - 1, 2**64, -(2**63) - 1]
)
def test_numbers_are_spelled_as_python_spells_them(number: float) -> None:
    value = {"b": [1, number], "a": {"b": number}, "c": number}
    assert canonical(value) == json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
