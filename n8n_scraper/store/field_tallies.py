"""How often the answers of earlier runs had each field, from the ledger of runs."""

from __future__ import annotations

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.drift import Field, Tally
from n8n_scraper.stats import FIELD_MISSING_COUNT, FIELD_THERE_COUNT

RUNS = 100
"""What was usual before them is history."""


def read_tallies(cursor: Cursor) -> dict[Field, Tally]:
    """Of the last runs that came to an end, whatever their reason."""
    there, missing = _counts(cursor, FIELD_THERE_COUNT), _counts(cursor, FIELD_MISSING_COUNT)
    return {name: Tally(there.get(name, 0), missing.get(name, 0)) for name in there.keys() | missing.keys()}


def _counts(cursor: Cursor, pattern: str) -> dict[Field, int]:
    prefix = pattern.partition("{}")[0]
    cursor.execute(
        "select key, sum(value::bigint)::bigint from"
        " (select stats from runs where stats is not null order by started_at desc limit %s) as last,"
        " json_each_text(stats) where starts_with(key, %s) group by key",
        (RUNS, prefix),
    )
    fields = {name.removeprefix(prefix): count for name, count in cursor.fetchall()}
    return {(source, name): count for key, count in fields.items() for source, _, name in [key.partition("/")]}
