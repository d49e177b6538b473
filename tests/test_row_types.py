from __future__ import annotations

import pytest

from n8n_scraper.items import COLUMNS
from n8n_scraper.row_types import ListOf, MapOf, Scalar, Struct, is_json, parse_type

TEXT, INT = Scalar("text"), Scalar("int")


@pytest.mark.parametrize(
    ("notation", "expected"),
    [
        ("int", INT),
        ("list<text>", ListOf(TEXT)),
        ("map<text,int>", MapOf(INT)),
        ("{url, width int}", Struct((("url", TEXT), ("width", INT)))),
        ("list<{level int, title}>", ListOf(Struct((("level", INT), ("title", TEXT))))),
    ],
)
def test_notation(notation: str, expected: object) -> None:
    assert parse_type(notation) == expected


@pytest.mark.parametrize("notation", ["", "integer", "list<>", "list<text", "map<int,text>", "{a b c}"])
def test_what_is_no_type_is_refused(notation: str) -> None:
    with pytest.raises(ValueError, match="unknown type"):
        parse_type(notation)


def test_the_columns_that_postgres_keeps_as_json() -> None:
    assert {column.name for column in COLUMNS if is_json(parse_type(column.type))} == {
        "sections",
        "links",
        "code_blocks",
        "sticky_notes",
        "images",
        "videos",
        "transcripts",
        "node_type_counts",
        "workflow",
    }
