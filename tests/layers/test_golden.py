"""Golden files: tests/fixtures/workflows/<trap>.json is an answer, <trap>.row.json the row that it has to give.

A row that is not there yet is written, and the test fails until somebody has reviewed it.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.items import COLUMN_NAMES, WorkflowItem
from n8n_scraper.layers.row import from_detail
from n8n_scraper.quality import score
from n8n_scraper.site.detail import read_detail

FOLDER = Path(__file__).parent.parent / "fixtures" / "workflows"
ANSWERS = sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".row.json"))
NOT_FROM_THE_ANSWER = {"slug", "url", "is_paid", "price_usd", "is_listed", "updated_at"}


def _row(body: bytes) -> dict[str, Any]:
    wanted = re.search(rb'"(?:wanted|id)": ?(\d+)', body)
    number = int(wanted[1]) if wanted else 7999
    try:
        detail = read_detail(body, number)
    except UnusableAnswer as error:
        return {"unusable": error.kind, "reason": error.reason}
    item = WorkflowItem(id=number)
    rejected = from_detail(item, detail.workflow)
    item.quality_score, item.quality_band, item.quality_missing = score(item, (20, 30, 40, 10))
    row = {name: value for name, value in asdict(item).items() if name in COLUMN_NAMES and value is not None}
    if "workflow" in row:
        assert row["workflow"] == detail.workflow["workflow"]
        row["workflow"] = "as published"
    return {"repaired": detail.repaired, "rejected": dict(rejected), **row}


def _as_json(row: dict[str, Any]) -> str:
    """A line for each column, and one for each entry of a list of objects."""
    lines = []
    for name, value in row.items():
        text = json.dumps(value, ensure_ascii=False, default=datetime.isoformat)
        if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
            text = "[\n   " + ",\n   ".join(json.dumps(entry, ensure_ascii=False) for entry in value) + "\n ]"
        lines.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def test_there_is_a_golden_file_for_each_trap() -> None:
    assert len(ANSWERS) >= 60


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    row = _as_json(_row(path.read_bytes()))
    expected = path.with_suffix(".row.json")
    if not expected.exists():
        expected.write_text(row, encoding="utf-8", newline="\n")
        pytest.fail(f"{expected.name} was written: review it, then run again")
    assert row == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_the_answer_fills_no_column_of_another_source(path: Path) -> None:
    assert not NOT_FROM_THE_ANSWER & _row(path.read_bytes()).keys()
