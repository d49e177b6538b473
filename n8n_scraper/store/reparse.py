"""Rows derived again from the stored answers, without traffic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import RealDictCursor, execute_values

from n8n_scraper.items import LAYERS, WorkflowItem
from n8n_scraper.layers.row import add_seen_on_page, from_detail, from_page
from n8n_scraper.redaction.row import redact_row
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.page import read_page
from n8n_scraper.store import raw
from n8n_scraper.store.forgotten import forgotten_ids
from n8n_scraper.store.history import redact_former
from n8n_scraper.store.rows import CONTENT, DERIVED, OBSERVED, write_rederived
from n8n_scraper.store.stages import STATUSES, fill_kept

ROWS = 100


class Rederived(NamedTuple):
    rows: int
    changed: int
    """Rows where a content or derived column now differs."""
    cleaned_versions: int
    """Former versions that had a secret."""


def reparse(
    cursor: Cursor,
    site: Site,
    rescore: Callable[[WorkflowItem], None],
    tell: Callable[[int], None],
    *,
    redact: bool = True,
) -> Rederived:
    """Derive every row that has a stored answer again; observed columns and changed_at stay as they are, but for the
    status of a stage whose inventory has grown.

    With ``redact``, secrets that were stored (by a crawl without redaction, or before their kind was known) are taken
    out of the row, of the stored answer and of former versions.
    """
    forgotten_ids(cursor)  # nothing is taken down in between
    rows = changed = 0
    for stored in _stored(cursor):
        pairs = [(row, _derive(row, site, rescore, redact)) for row in stored]
        fill_kept(cursor, [item for _, item in pairs])
        different = [item for row, item in pairs if _differs(row, item)]
        write_rederived(cursor, different)
        _replace_answers(cursor, [item for row, item in pairs if _has_fewer_secrets(row, item)])
        rows, changed = rows + len(pairs), changed + len(different)
        tell(rows)
    return Rederived(rows, changed, redact_former(cursor) if redact else 0)


def _stored(cursor: Cursor) -> Iterator[list[dict[str, Any]]]:
    last = 0
    while True:
        with cursor.connection.cursor(cursor_factory=RealDictCursor) as batch:
            batch.execute(
                "select o.*, c.name, c.description, c.workflow, c.content_hash, c.changed_at, d.*, o.id as id,"
                " r.source as answer_source, r.body from observed o join raw_answers r using (id)"
                " join content c using (id) left join derived d using (id) where o.id > %s order by o.id limit %s",
                (last, ROWS),
            )
            found = [dict(row) for row in batch.fetchall()]
        if not found:
            return
        yield found
        last = found[-1]["id"]


def _derive(row: dict[str, Any], site: Site, rescore: Callable[[WorkflowItem], None], redact: bool) -> WorkflowItem:
    observed = {name: row[name] for name in OBSERVED}
    item = WorkflowItem(id=row["id"], **observed)
    answer = raw.unpack(row["answer_source"], bytes(row["body"]))
    layers = [layer for layer, column in LAYERS.items() if row[column] != "skipped"]
    if isinstance(answer, str):
        from_page(item, read_page(answer.encode(), "utf-8", site), answer, layers)
    else:
        from_detail(item, answer, layers)
        add_seen_on_page(item, row["images"] or (), row["videos"] or ())
    found = redact_row(item, site).findings if redact else []
    later = {name: value for name, value in observed.items() if not (row["gone_at"] and name in LAYERS.values())}
    for name, value in later.items():  # what later crawls saw is newer than the stored answer
        setattr(item, name, value)
    item.changed_at = row["changed_at"]
    item.redaction_count = (row["redaction_count"] or 0) + len(found) if redact else row["redaction_count"]
    if row["redaction_count"]:  # the hash is of what was published, and that is no longer here
        item.content_hash = row["content_hash"]
    rescore(item)  # of a workflow that is gone the score is that of what it was
    for column in LAYERS.values():
        setattr(item, column, row[column])
    return item


def _differs(row: dict[str, Any], item: WorkflowItem) -> bool:
    return any(getattr(item, name) != row[name] for name in (*CONTENT, *DERIVED, *STATUSES))


def _has_fewer_secrets(row: dict[str, Any], item: WorkflowItem) -> bool:
    return (item.redaction_count or 0) > (row["redaction_count"] or 0)


def _replace_answers(cursor: Cursor, items: list[WorkflowItem]) -> None:
    bodies = [(item.id, raw.pack(item.answer)) for item in items if item.answer is not None]
    if bodies:
        statement = "update raw_answers r set body = new.body from (values %s) as new (id, body) where r.id = new.id"
        execute_values(cursor, statement, bodies, page_size=len(bodies))
