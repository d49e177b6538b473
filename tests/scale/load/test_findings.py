"""What holds, what does not, and what nobody measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from n8n_scraper.scale.load.findings import Finding, is_passed, percentile, table, write


@pytest.mark.parametrize(
    ("figure", "threshold", "is_least", "holds"),
    [
        (499.9, 500, False, True),
        (500, 500, False, False),
        (2, 2, True, True),
        (1.9, 2, True, False),
        (None, 500, False, False),
        (None, None, False, True),
        (9e9, None, False, True),
    ],
)
def test_a_finding_holds(figure: float | None, threshold: float | None, is_least: bool, holds: bool) -> None:
    finding = Finding(name="x", figure=figure, unit="ms", threshold=threshold, is_least=is_least)
    assert finding.holds is holds
    assert is_passed([finding]) is holds


def test_nothing_found_is_not_passed() -> None:
    assert not is_passed([])


@pytest.mark.parametrize(
    ("values", "expected"), [([], None), ([7], 7), (list(range(1, 101)), 95), (list(range(1, 22)), 20)]
)
def test_95th_percentile(values: list[float], expected: float | None) -> None:
    assert percentile(values, 0.95) == expected


def test_findings_are_told_as_table_and_json(tmp_path: Path) -> None:
    slow = Finding(name="slow", figure=612.34, unit="ms p95", threshold=500, goal=20, note="why")
    unknown = Finding(name="unknown", figure=None, unit="ms")
    assert list(table([slow, unknown]))[2:] == [
        "| slow | 612.3 ms p95 | < 500 | < 20 (missed) | NO | why |",
        "| unknown | no data |  |  |  |  |",
    ]
    write(tmp_path / "made" / "load.json", [slow, unknown], {"rows": 3})
    found = json.loads((tmp_path / "made" / "load.json").read_text(encoding="utf-8"))
    assert found["passed"] is False
    assert found["details"] == {"rows": 3}
    assert {"name": "slow", "figure": 612.34, "threshold": 500, "holds": False}.items() <= found["figures"][0].items()
