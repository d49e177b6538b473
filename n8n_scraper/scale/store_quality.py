"""What the rows of a trial's store are worth while it fills: scores, layers, completeness, failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.scale.criteria import LISTED_COLUMNS

SCORE_STEP = 20
_LAYERS = ("layer1", "layer2", "layer3")
_STATUSES = "select crawl_status, count(*) from observed group by 1"
_FAILURES = "select error_kind, count(*) from observed where error_kind <> 'gone' group by 1 order by 2 desc"
_SCORES = """
select least(floor(quality_score / %(step)s)::int * %(step)s, 100 - %(step)s), count(*), avg(quality_score)
from derived where quality_score is not null group by 1 order by 1
"""
_LAYER = (
    "select count(*) filter (where {0}_status = 'ok'), count(*) filter (where {0}_status <> 'skipped') from observed"
)
_FILLED = "count(nullif(nullif({}::text, ''), '{{}}'))"
_COLUMNS = (
    f"select count(*), {', '.join(map(_FILLED.format, LISTED_COLUMNS))} from workflow_rows where name is not null"  # noqa: S608 - constants of ours
)


@dataclass(frozen=True)
class StoreQuality:
    """Counts of rows; shares from 0 to 1, None as long as there is nothing to share."""

    statuses: Mapping[str, int]
    failures: Mapping[str, int]
    """By kind."""
    scores: Mapping[int, int]
    """By the lower end of a range of SCORE_STEP."""
    mean_score: float | None
    layers: Mapping[str, float | None]
    """Share of those asked for that are ok."""
    columns: Mapping[str, float | None]
    """Share of rows with content that have a value there."""

    @property
    def completeness(self) -> float | None:
        return _share(self.statuses.get("complete", 0), sum(self.statuses.values()))


def read_quality(cursor: Cursor) -> StoreQuality:
    statuses, failures = _rows(cursor, _STATUSES), _rows(cursor, _FAILURES)
    scores = _rows(cursor, _SCORES, step=SCORE_STEP)
    scored = sum(row[1] for row in scores)
    layers = {layer: _share(*_rows(cursor, _LAYER.format(layer))[0]) for layer in _LAYERS}
    [(with_content, *filled)] = _rows(cursor, _COLUMNS)
    return StoreQuality(
        dict(statuses),
        dict(failures),
        {row[0]: row[1] for row in scores},
        sum(row[1] * row[2] for row in scores) / scored if scored else None,
        layers,
        {name: _share(count, with_content) for name, count in zip(LISTED_COLUMNS, filled, strict=True)},
    )


def _rows(cursor: Cursor, statement: str, **values: object) -> list[Any]:
    cursor.execute(statement, values or None)
    rows: list[Any] = cursor.fetchall()
    return rows


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
