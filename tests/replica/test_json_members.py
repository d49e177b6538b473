from __future__ import annotations

import json

import pytest

from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.json_members import joined, members
from n8n_scraper.replica.traps import ALL_TRAPS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"{}", {}),
        (b' { "a" : 1e400 , "b":[2, {"c":3}] }\n', {"a": b"1e400", "b": b'[2, {"c":3}]'}),
        (b'{"a":"x,\\"}:{","b":null}', {"a": b'"x,\\"}:{"', "b": b"null"}),
        (b'{"a":{"a":{"a":1}},"b":""}', {"a": b'{"a":{"a":1}}', "b": b'""'}),
        (b'{"a\\"b":"\\\\","c":true}', {'a\\"b': b'"\\\\"', "c": b"true"}),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", {"a": b"[" * 5000 + b"]" * 5000}),
    ],
)
def test_members(text: bytes, expected: dict[str, bytes]) -> None:
    assert members(text) == expected
    assert members(joined(expected)) == expected


@pytest.mark.parametrize("text", [b"", b"[]", b'"a"', b"1", b'{"a":1', b'{"a":[1}', b'{"a":"1}', b"{}]"])
def test_what_is_no_whole_object(text: bytes) -> None:
    with pytest.raises(ValueError, match="not a whole JSON object"):
        members(text)


def test_every_trap_can_be_taken_apart_and_put_together() -> None:
    library = GeneratedLibrary(Recipe(count=len(ALL_TRAPS), traps=1, hostile=True, icons=0))
    for id in library.entries:
        parts = members(library.answer(id))
        assert joined(parts) == library.answer(id)
        assert json.loads(parts["id"]) == id
        assert members(parts["workflow"]).keys() >= {"nodes"}
