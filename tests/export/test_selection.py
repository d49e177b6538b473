from __future__ import annotations

from datetime import datetime, timezone

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.export.selection import (
    Selection,
    choose_columns,
    choose_statuses,
    no_row_has,
    read_moment,
    read_quality,
    unknown,
    with_last_parts,
)
from n8n_scraper.items import COLUMNS

UTC = timezone.utc
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_columns_keep_the_order_of_the_contract_and_the_key() -> None:
    assert [c.name for c in choose_columns(only=("views", "name"))] == ["id", "name", "views"]
    assert choose_columns() == COLUMNS
    assert [c.name for c in COLUMNS if c not in choose_columns(without=("workflow",))] == ["workflow"]


@pytest.mark.parametrize(
    ("only", "without", "sentence"),
    [
        (("descripton",), (), "There is no column 'descripton': did you mean description?"),
        ((), ("wrkflow",), "There is no column 'wrkflow': did you mean workflow?"),
        ((), ("id",), "--without id: id is the key of a row and stays."),
        (("name",), ("views",), "--columns and --without exclude each other: give one of them."),
    ],
)
def test_columns_that_cannot_be(only: tuple[str, ...], without: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(StartError) as error:
        choose_columns(only, without)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T06:00:00Z", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("2026-11-01T06:00:00+02:00", datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("2026-11-01 06:00", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 16, 6, tzinfo=UTC)),
        ("12h", datetime(2026, 11, 22, 18, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 9, 6, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert read_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7 d", "-7d", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(StartError, match="must be a date, a date and time, or 12h, 7d, 2w"):
        read_moment(text, NOW)


@pytest.mark.parametrize("text", ["-1", "101", "nan", "good", ""])
def test_quality_outside_its_range_is_refused(text: str) -> None:
    with pytest.raises(StartError, match="must be a number from 0 to 100"):
        read_quality(text)
    assert read_quality("80") == 80


def test_an_unknown_status_is_refused() -> None:
    assert choose_statuses(["gone", "failed"]) == ("gone", "failed")
    with pytest.raises(StartError, match="There is no status 'completed': did you mean complete"):
        choose_statuses(["completed"])
    with pytest.raises(StartError, match="There is no status 'x': there are complete, partial, gone, failed"):
        choose_statuses(["x"])


def test_what_is_everything() -> None:
    assert Selection().is_everything
    assert Selection(include_paid=True).is_everything
    assert not Selection(min_quality=0).is_everything
    assert not Selection(columns=choose_columns(without=("workflow",))).is_everything


def test_filters_as_the_manifest_tells_them() -> None:
    selection = Selection(statuses=("gone",), min_quality=0.0, free=True, changed_since=NOW)
    assert selection.filters() == {
        "status": ["gone"],
        "min-quality": 0.0,
        "free": True,
        "changed-since": "2026-11-23T06:00:00Z",
    }


def test_values_that_no_row_has_are_told_with_the_nearest() -> None:
    known = ["AI", "Marketing", "Sales"]
    assert list(no_row_has("category", ["ai", "MARKETING"], known)) == [], "spelt otherwise is the same"
    assert list(no_row_has("category", ["Marketin", "Sales", "Quux"], known)) == [
        "no row has category 'Marketin'; near: 'Marketing'.",
        "no row has category 'Quux'.",
    ]
    assert list(with_last_parts(["n8n-nodes-base.gmail", "gmail"])) == [
        "n8n-nodes-base.gmail",
        "gmail",
        "gmail",
        "gmail",
    ]


def test_what_is_unknown_is_told_with_the_nearest_or_all() -> None:
    assert unknown("format", "jsn", ["json", "csv"]) == "There is no format 'jsn': did you mean json?"
    assert unknown("format", "xml", ["json", "csv"]) == "There is no format 'xml': there are json, csv."
