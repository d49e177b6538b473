"""Values as JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from n8n_scraper.store.values import json_text


@pytest.mark.parametrize("value", [{"a": [1, "é"]}, [], "x", 2**70, {"beyond 64 bits": [2**70]}])
def test_a_value_comes_back(value: Any) -> None:
    assert json.loads(json_text(value) or "") == value


def test_nothing_is_null_and_not_the_word() -> None:
    assert json_text(None) is None
