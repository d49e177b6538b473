from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from n8n_scraper.export.formulas import defuse, restore
from n8n_scraper.export.layout import _defuse

CELLS = st.text(alphabet=st.sampled_from("'=+-@\t\r\n a1é🤖"), max_size=6) | st.text(max_size=20)


@given(CELLS)
@example("''''=")
def test_every_text_comes_back(cell: str) -> None:
    assert restore(defuse(cell)) == cell


@given(CELLS)
def test_nothing_is_left_that_a_spreadsheet_would_run(cell: str) -> None:
    assert not defuse(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(CELLS | st.none()))
def test_a_column_is_defused_as_its_cells_are(cells: list[str | None]) -> None:
    expected = [None if cell is None else defuse(cell) for cell in cells]
    assert _defuse(pa.array(cells, pa.string())).to_pylist() == expected


@pytest.mark.parametrize(
    ("cell", "defused"), [("=1", "'=1"), ("'=1", "''=1"), ("'tis", "'tis"), ("a=1", "a=1"), ("", ""), ("-", "'-")]
)
def test_examples_of_the_dataset_card(cell: str, defused: str) -> None:
    assert defuse(cell) == defused
