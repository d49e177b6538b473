from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.layers.sticky_notes import MAX_NAME, read_sticky_notes
from n8n_scraper.layers.workflow_json import STICKY_NOTE


def _note(name: Any, position: Any) -> dict[str, Any]:
    return {"type": STICKY_NOTE, "name": name, "position": position, "parameters": {"content": f"text of {name}"}}


@pytest.mark.parametrize(
    ("positions", "order"),
    [
        ([[0, 500], [0, 0], [0, 250]], "bca"),
        ([[600, 0], [0, 0], [300, 0]], "bca"),
        ([[600, 10], [0, 80], [300, 40]], "bca"),  # one row: upper edges within 80 of the uppermost
        ([[600, 0], [0, 81], [300, 40]], "cab"),
        ([[0, -200], [5, -1000], [-900.5, -200.25]], "bca"),
        ([None, [0, 0], [1]], "bac"),
        ([["0", "0"], [True, False], [3, 4]], "cab"),
        ([[0, 10**400], [0, -(10**400)], [0, 1.5e300]], "bca"),
        ([[0, 0], [0, 0], [0, 0]], "abc"),
    ],
)
def test_reading_order(positions: list[Any], order: str) -> None:
    notes = [_note(name, position) for name, position in zip("abc", positions, strict=True)]
    assert "".join(note.node_name or "" for note in read_sticky_notes({"nodes": notes})) == order


def test_notes_without_text_or_name_stay() -> None:
    nodes = [{"type": STICKY_NOTE}, {"type": "other"}, None, {"type": STICKY_NOTE, "name": 3, "parameters": []}]
    assert read_sticky_notes({"nodes": nodes}) == [(None, ""), (None, "")]


def test_an_absurdly_long_name_is_cut() -> None:
    notes = read_sticky_notes({"nodes": [_note("n" * 2_000_000, [0, 0])]})
    assert notes[0].node_name == "n" * MAX_NAME


@given(st.lists(st.lists(st.integers() | st.floats(allow_nan=False) | st.none() | st.text(), max_size=3)))
def test_no_note_is_lost(positions: list[Any]) -> None:
    notes = [_note(str(number), position) for number, position in enumerate(positions)]
    names = {note.node_name for note in read_sticky_notes({"nodes": notes})}
    assert len(names) == len(positions)
