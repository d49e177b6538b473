"""Reading and writing rows: what is known of a batch, the upsert in three tables, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import RealDictCursor, execute_values

from n8n_scraper.items import ANSWERED, COLUMN_NAMES, COLUMNS, LAYERS, WorkflowItem
from n8n_scraper.row_types import is_json, parse_type
from n8n_scraper.store import raw
from n8n_scraper.store.forgotten import forgotten_ids
from n8n_scraper.store.history import keep_former
from n8n_scraper.store.merge import FORGOTTEN, HISTORY_COLUMNS, Decision, Known, item_from_row, merge
from n8n_scraper.store.stages import fill_kept, write_statuses
from n8n_scraper.store.values import json_text

OBSERVED = tuple(column.name for column in COLUMNS if column.written == "observed")
CONTENT = tuple(column.name for column in COLUMNS if column.written == "content")
DERIVED = tuple(column.name for column in COLUMNS if column.written == "derived")
_JSON_COLUMNS = frozenset(column.name for column in COLUMNS if is_json(parse_type(column.type)))

_KNOWN = """
    select o.*, c.source, c.content_hash, c.changed_at, c.workflow is not null as has_workflow,
           d.explainer_text is not null as has_explainer, d.parser_version, d.quality_score, d.quality_missing
    from observed o left join content c using (id) left join derived d using (id)
    where o.id = any(%s)
"""


def write_batch(
    cursor: Cursor,
    items: Sequence[WorkflowItem],
    now: datetime,
    rescore: Callable[[WorkflowItem], None],
    *,
    kept_versions: int | None = None,
) -> list[Decision]:
    """Upsert ``items`` (distinct ids), completing each in place to the row as it now stands.

    The hashes are looked up first, so that unchanged content is never sent. Of content that changed the former version
    is kept, see :func:`keep_former`. Of a workflow that was taken down nothing is written. Runs inside the caller's
    transaction.
    """
    forgotten = forgotten_ids(cursor)
    written = {item.id: item for item in items if item.id not in forgotten}
    decisions = dict(zip(written, _write(cursor, list(written.values()), now, rescore, kept_versions), strict=True))
    return [decisions.get(item.id, FORGOTTEN) for item in items]


def _write(
    cursor: Cursor,
    items: Sequence[WorkflowItem],
    now: datetime,
    rescore: Callable[[WorkflowItem], None],
    kept_versions: int | None,
) -> list[Decision]:
    known = read_known(cursor, [item.id for item in items])
    decisions = [merge(item, known.get(item.id), now, rescore) for item in items]
    fill_kept(cursor, items)
    pairs = list(zip(items, decisions, strict=True))
    _upsert(cursor, "observed", ("id", *OBSERVED), (_values(item, ("id", *OBSERVED)) for item in items))
    changed = [(item, known[item.id].observed["scraped_at"]) for item, d in pairs if d.outcome == "changed"]
    keep_former(cursor, changed, now, kept=kept_versions)
    content = [item for item, decision in pairs if decision.content]
    _upsert(cursor, "content", ("id", "source", *CONTENT), (_values(i, ("id", "source", *CONTENT)) for i in content))
    _upsert(
        cursor,
        "raw_answers",
        ("id", "source", "fetched_at", "body"),
        ((item.id, item.source, now, raw.pack(item.answer)) for item in content if item.answer is not None),
    )
    derived = [item for item, decision in pairs if decision.derived]
    _upsert(cursor, "derived", ("id", *DERIVED), (_values(item, ("id", *DERIVED)) for item in derived))
    _insert_history(cursor, [item for item, decision in pairs if decision.history], now)
    _complete(cursor, [item for item, decision in pairs if not decision.content and known.get(item.id)])
    return decisions


def read_known(cursor: Cursor, ids: Sequence[int]) -> dict[int, Known]:
    """What the store knows of these ids."""
    with cursor.connection.cursor(cursor_factory=RealDictCursor) as rows:
        rows.execute(_KNOWN, (list(ids),))
        return {row["id"]: _known(row) for row in rows}


def read_stored_layers(cursor: Cursor, ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """Layers that rows of these ids hold: an answer that carries them refreshes them, asked for or not."""
    columns = ", ".join(LAYERS.values())
    cursor.execute(f"select id, {columns} from observed where id = any(%s)", (list(ids),))  # noqa: S608 - names of ours
    return {
        id: frozenset(layer for layer, status in zip(LAYERS, statuses, strict=True) if status in ANSWERED)
        for id, *statuses in cursor.fetchall()
    }


def read_good_id(cursor: Cursor, besides: Sequence[int]) -> int | None:
    """The workflow, none of ``besides``, that a crawl brought last; None where there is none."""
    cursor.execute(
        "select id from observed where crawl_status in ('complete', 'partial') and error_kind is null"
        " and not id = any(%s) order by scraped_at desc nulls last limit 1",
        (list(besides),),
    )
    row = cursor.fetchone()
    return row[0] if row else None


def read_items(cursor: Cursor, ids: Sequence[int]) -> list[WorkflowItem]:
    """Rows as they stand, the JSON of paid workflows too."""
    names = ", ".join(f"r.{name}" for name in COLUMN_NAMES if name != "workflow")
    with cursor.connection.cursor(cursor_factory=RealDictCursor) as rows:
        rows.execute(
            f"select {names}, c.workflow from workflow_rows r left join content c using (id) where id = any(%s)",  # noqa: S608 - names of items.py
            (list(ids),),
        )
        return [item_from_row(dict(row)) for row in rows]


def write_rederived(cursor: Cursor, items: Sequence[WorkflowItem]) -> None:
    """Replace the content and derived columns of rows that exist, and the statuses that follow from them."""
    if items:
        write_statuses(cursor, items)
    _upsert(cursor, "content", ("id", "source", *CONTENT), (_values(i, ("id", "source", *CONTENT)) for i in items))
    _upsert(cursor, "derived", ("id", *DERIVED), (_values(item, ("id", *DERIVED)) for item in items))


def _known(row: dict[str, Any]) -> Known:
    held = {1: row["content_hash"] is not None, 2: row["has_workflow"], 3: row["has_explainer"]}
    held |= {layer: True for layer, column in LAYERS.items() if row[column] == "missing"}
    return Known(
        observed=row,
        source=row["source"],
        content_hash=row["content_hash"],
        changed_at=row["changed_at"],
        stored_layers=frozenset(layer for layer, is_held in held.items() if is_held),
        parser_version=row["parser_version"],
        quality=(row["quality_score"], row["quality_missing"]),
    )


def _values(item: WorkflowItem, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(json_text(getattr(item, name)) if name in _JSON_COLUMNS else getattr(item, name) for name in names)


def _upsert(cursor: Cursor, table: str, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    values = list(rows)
    if not values:
        return
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
    statement = f"insert into {table} ({', '.join(names)}) values %s on conflict (id) do update set {updates}"  # noqa: S608 - names of items.py
    execute_values(cursor, statement, values, page_size=len(values))


def _insert_history(cursor: Cursor, items: list[WorkflowItem], now: datetime) -> None:
    names = ", ".join(HISTORY_COLUMNS)
    rows = [(item.id, now, *(getattr(item, name) for name in HISTORY_COLUMNS)) for item in items]
    if rows:
        statement = f"insert into observed_history (id, observed_at, {names}) values %s on conflict do nothing"  # noqa: S608 - names of items.py
        execute_values(cursor, statement, rows, page_size=len(rows))


def _complete(cursor: Cursor, items: list[WorkflowItem]) -> None:
    """Fill items whose content was not written from the row, so that a feed shows what the store holds."""
    behind = {item.id: item for item in items if item.source is None or item.workflow is None}
    if not behind:
        return
    for stored in read_items(cursor, list(behind)):
        for name in (*CONTENT, *DERIVED):
            setattr(behind[stored.id], name, getattr(stored, name))
