"""Stored answers come back as they were."""

from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.store.raw import pack, unpack


@pytest.mark.parametrize(
    "answer",
    [
        {"id": 1, "name": "Mail ✉ to Sheets", "z": None, "a": [1.5, True, {"": "x"}]},
        {"beyond 64 bits": 2**70, "text": "é"},
        {},
    ],
)
def test_an_answer_of_the_api(answer: dict[str, Any]) -> None:
    back = unpack("api", pack(answer))
    assert (back, list(back)) == (answer, list(answer)), "keys in their order"


def test_a_page_is_text_whatever_it_looks_like() -> None:
    assert unpack("page", pack('{"id": 1}')) == '{"id": 1}'
