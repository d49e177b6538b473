from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.export.card import FILE_NAME, is_ours
from n8n_scraper.export.selection import Selection, choose_columns
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.items import COLUMNS, WorkflowItem

Insert = Callable[..., None]


def run_snippets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the Python of the card leaves in its variables, one after the other."""
    monkeypatch.chdir(folder)
    results: list[dict[str, Any]] = []
    for code in re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL):
        results.append({})
        exec(code, results[-1])
    return results


def test_the_ways_to_read_are_right(
    database_url: str, insert: Insert, nasty_items: list[WorkflowItem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(nasty_items)
    write_snapshot(database_url, tmp_path)
    as_json, as_lines, as_parquet, as_csv = sorted(
        run_snippets(tmp_path, monkeypatch),
        key=lambda result: ("table" in result, "batch" not in result, "line" in result),
    )
    rows = as_json["rows"]
    assert len(rows) == len(nasty_items)
    assert as_lines["row"] == rows[-1]
    assert as_parquet["table"].num_rows == len(rows)
    parquet = as_parquet["row"]
    assert parquet | {"workflow": json.loads(parquet["workflow"])} == typed(rows[-1], parquet)
    assert as_csv["rows"] == [typed(row, typed_row) for row, typed_row in zip(rows, as_csv["rows"], strict=True)]


def typed(row: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """A row of JSON with timestamps as ``model`` has them, once they say the same."""
    times = [c.name for c in COLUMNS if c.type == "timestamp" and row[c.name] is not None]
    for name in times:
        assert model[name].isoformat().replace("+00:00", "Z") == row[name]
    return row | {name: model[name] for name in times}


def test_the_card_of_a_part_reads_too(
    database_url: str, insert: Insert, nasty_items: list[WorkflowItem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(nasty_items)
    selection = Selection(columns=choose_columns(only=("views",)), free=True)
    write_snapshot(database_url, tmp_path, selection=selection, formats=["csv"], csv_defuse=False)
    [result] = run_snippets(tmp_path, monkeypatch)
    assert [list(row) for row in result["rows"]] == [["id", "views"]] * len(result["rows"])


def test_the_card_names_every_column_and_the_rights(database_url: str, insert: Insert, tmp_path: Path) -> None:
    insert([])
    write_snapshot(database_url, tmp_path, run_id="run-1")
    card = (tmp_path / "README.md").read_text()
    for column in COLUMNS:
        assert f"| {column.name} | `{column.type}` | {column.meaning} |" in card
    for words in (
        "http://s",
        "run-1",
        "no licence is stated",
        "author_name",
        "write to the operator of this collection",
        "null for paid workflows",
    ):
        assert words in card


def test_the_card_says_when_paid_workflows_are_in(database_url: str, insert: Insert, tmp_path: Path) -> None:
    insert([])
    write_snapshot(database_url, tmp_path, selection=Selection(include_paid=True))
    assert "The JSON of paid workflows is in this export" in (tmp_path / "README.md").read_text()


def test_a_card_takes_the_place_of_none_and_of_ours_only(tmp_path: Path) -> None:
    assert is_ours(tmp_path)
    card = tmp_path / FILE_NAME
    for text in ("# My notes", "", "<!-- Written by n8n_scraper with every ex"):
        card.write_text(text)
        assert not is_ours(tmp_path)
