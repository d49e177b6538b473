"""Rows as the store has them, read in one transaction and constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import orjson
from psycopg2.extensions import connection as Connection

from n8n_scraper.export.conform import row_conformer
from n8n_scraper.export.json_text import repair_json
from n8n_scraper.export.layout import Row
from n8n_scraper.export.selection import Selection
from n8n_scraper.items import Column
from n8n_scraper.row_types import Scalar, is_json, parse_type
from n8n_scraper.store.database import connect

MAX_ROWS = 200
TARGET_CHARACTERS = 8_000_000
"""A chunk of the largest rows is smaller, so that memory stays bounded; 200 usual rows have about 5 million."""

# Every write of a row gives it a new xmin, so this changes with any insert, update or delete, and with the view. It
# misses nothing; it also changes where a row was rewritten without a difference, and after a restore from a dump: then
# an export is made in vain.
_FINGERPRINT = """
    select md5(concat_ws(' ',
        (select concat(count(*), ' ', sum(hashint8extended(id, xmin::text::bigint))) from observed),
        (select concat(count(*), ' ', sum(hashint8extended(id, xmin::text::bigint))) from content),
        (select concat(count(*), ' ', sum(hashint8extended(id, xmin::text::bigint))) from derived),
        (select created_at from store_info),
        pg_get_viewdef('workflow_rows'::regclass)))
"""


class Summary(NamedTuple):
    """What the store says of itself and of the rows of a selection."""

    site: str
    last_run_id: str | None
    fingerprint: str
    rows_by_status: dict[str, int]


class StoreRows:
    """One snapshot of the store: whatever is asked, the answers fit together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def summary(self, selection: Selection) -> Summary:
        condition, parameters = selection.condition()
        by_status = f"select crawl_status, count(*) from workflow_rows r where {condition} group by 1 order by 1"  # noqa: S608 - from selection.py
        return Summary(
            site=self._value("select min(site_url) from store_info") or "",
            last_run_id=self._value("select run_id from runs order by started_at desc limit 1"),
            fingerprint=self._value(_FINGERPRINT),
            rows_by_status=dict(self._all(by_status, parameters)),
        )

    def values(self, column: str) -> list[str]:
        """All that the lists of this column hold, each once."""
        sql = f"select distinct unnest(r.{column}) from workflow_rows r order by 1"  # noqa: S608 - names of items.py
        return [value for (value,) in self._all(sql) if value is not None]

    def chunks(self, selection: Selection, count: Callable[[str], None]) -> Iterator[list[Row]]:
        """Rows by ascending id, up to 200 at a time; ``count`` hears the columns of values that had to be changed."""
        return self.rows(selection.columns, _query(selection), count)

    def rows(
        self, columns: tuple[Column, ...], query: tuple[str, dict[str, Any]], count: Callable[[str], None]
    ) -> Iterator[list[Row]]:
        """The same for a query of any columns; JSON comes as text."""
        decode = _decoder(columns)
        conform = row_conformer(columns, count)
        with self._connection.cursor("export") as cursor:
            cursor.execute(*query)
            for rows in _read_ahead(cursor.fetchmany):
                yield [conform(decode(row)) for row in rows]

    def _value(self, sql: str) -> Any:
        rows = self._all(sql)
        return rows[0][0] if rows else None

    def _all(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())


@contextmanager
def reading(dsn: str) -> Iterator[StoreRows]:
    """Raises:
    StartError: the store cannot be reached.
    """
    connection = connect(dsn)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield StoreRows(connection)
    finally:
        connection.close()


def _query(selection: Selection) -> tuple[str, dict[str, Any]]:
    condition, parameters = selection.condition()
    expressions = ", ".join(_expression(column, include_paid=selection.include_paid) for column in selection.columns)
    return f"select {expressions} from workflow_rows r where {condition} order by r.id", parameters  # noqa: S608 - names of items.py


def _expression(column: Column, *, include_paid: bool) -> str:
    """JSON is selected as text: psycopg2 would parse it, and the text is what is written."""
    if column.type == "object" and include_paid:  # the view has it for free workflows only
        return f"(select c.{column.name}::text from content c where c.id = r.id)"  # noqa: S608 - names of items.py
    return f"r.{column.name}::text" if is_json(parse_type(column.type)) else f"r.{column.name}"


def _decoder(columns: tuple[Column, ...]) -> Callable[[tuple[Any, ...]], list[Any]]:
    """A function that parses the columns that came as JSON text, but for those that stay text."""
    types = [parse_type(column.type) for column in columns]
    positions = [at for at, type_ in enumerate(types) if is_json(type_) and type_ != Scalar("object")]

    def decode(row: tuple[Any, ...]) -> list[Any]:
        values = list(row)
        for at in positions:
            if values[at] is not None:
                values[at] = _parse(values[at])
        return values

    return decode


def _parse(text: str) -> Any:
    """The value; or the text where it cannot be parsed, which fits no such column and is counted there."""
    try:
        return orjson.loads(repair_json(text))
    except orjson.JSONDecodeError:
        return text


def _read_ahead(fetch: Callable[[int], list[tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
    """Chunks of rows; while one is used, a thread reads the next, as large as the last one's rows allow."""
    size = MAX_ROWS // 10  # nothing is known yet of how large the rows are
    with ThreadPoolExecutor(1, thread_name_prefix="export") as pool:
        ahead = pool.submit(fetch, size)
        while rows := ahead.result():
            mean = max(1, sum(len(value) for row in rows for value in row if isinstance(value, str)) // len(rows))
            size = max(1, min(MAX_ROWS, TARGET_CHARACTERS // mean))
            ahead = pool.submit(fetch, size)
            yield rows
