"""Former versions of templates: kept when the content changes, read back, cleaned of secrets found later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import RealDictCursor, execute_values

from n8n_scraper.differences import Content, differences
from n8n_scraper.items import WorkflowItem
from n8n_scraper.past import Past, Version
from n8n_scraper.redaction.answer import redact
from n8n_scraper.store import raw

ROWS = 100
_ROW = """
    select id, c.name, url, author_name, author_username, crawl_status, is_listed, is_paid, first_seen_at, scraped_at,
           gone_at
    from observed left join content c using (id) where id = %s
"""
# The differences stand with the version that they ended.
_VERSIONS = """
    select version, source, content_hash, seen_from, last_seen_at, seen_to, differences, body is not null as has_json
    from former_versions where id = %(id)s
    union all
    select 1 + (select count(*) from former_versions where id = %(id)s), source, content_hash, changed_at, scraped_at,
           null, array[]::text[], workflow is not null
    from content join observed using (id) where id = %(id)s
    order by version
"""
_OBSERVATIONS = """
    select observed_at, views, recent_views, is_paid, price_usd from observed_history where id = %s order by observed_at
"""


def keep_former(
    cursor: Cursor, items: Iterable[tuple[WorkflowItem, datetime | None]], now: datetime, *, kept: int | None
) -> None:
    """Keep what the store holds of changed items before their content replaces it.

    Each comes with the time when its former content was seen last. ``kept`` is how many former JSONs a workflow has at
    most, None for all; the oldest go first, and what is known about them stays. The rows in ``observed`` are locked by
    the caller's transaction.
    """
    changed = {item.id: (item, last_seen_at) for item, last_seen_at in items}
    if not changed:
        return
    pairs = ((row, *changed[row["id"]]) for row in _stored(cursor, list(changed)))
    # Another crawl may have stored the same change since the hashes were looked up.
    rows = [_former(row, item, last, now) for row, item, last in pairs if row["content_hash"] != item.content_hash]
    if rows:
        execute_values(
            cursor,
            "insert into former_versions (id, version, source, content_hash, seen_from, last_seen_at, seen_to,"
            " differences, body) values %s",
            rows,
            page_size=len(rows),
        )
    if kept is not None:
        cursor.execute(
            "update former_versions f set body = null where id = any(%s) and body is not null"
            " and version <= (select max(version) from former_versions l where l.id = f.id) - %s",
            (list(changed), kept),
        )


def read_past(cursor: Cursor, id: int) -> Past | None:
    """All that is known of how a workflow was; None where the store has no row of it."""
    with cursor.connection.cursor(cursor_factory=RealDictCursor) as rows:
        rows.execute(_ROW, (id,))
        row = rows.fetchone()
        if row is None:
            return None
        rows.execute(_OBSERVATIONS, (id,))
        observations = [dict(seen) for seen in rows.fetchall()]
        rows.execute(_VERSIONS, {"id": id})
        versions = [Version(**version) for version in rows.fetchall()]
    told: list[list[str]] = [[], *(version.differences for version in versions)]
    return Past(dict(row), [v._replace(differences=t) for v, t in zip(versions, told, strict=False)], observations)


def read_content(cursor: Cursor, id: int, version: int) -> Content | None:
    """A version's name, description and JSON; None where there is none, or its JSON was not kept."""
    cursor.execute("select source, body from former_versions where id = %s and version = %s", (id, version))
    row = cursor.fetchone()
    if row is not None:
        return None if row[1] is None else _unpacked(row[0], row[1])
    cursor.execute(
        "select source, name, description, workflow from content"
        " where id = %(id)s and 1 + (select count(*) from former_versions where id = %(id)s) = %(version)s",
        {"id": id, "version": version},
    )
    row = cursor.fetchone()
    return Content(*row) if row else None


def redact_former(cursor: Cursor) -> int:
    """Take secrets that are recognised today out of all former versions; how many had some."""
    count = 0
    for rows in _batches(cursor):
        cleaned = [new for row in rows if (new := _redacted(row))]
        if cleaned:
            execute_values(
                cursor,
                "update former_versions f set differences = new.differences, body = new.body"
                " from (values %s) as new (id, version, differences, body)"
                " where f.id = new.id and f.version = new.version",
                cleaned,
                template="(%s, %s, %s::text[], %s::bytea)",
                page_size=len(cleaned),
            )
        count += len(cleaned)
    return count


def _stored(cursor: Cursor, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    with cursor.connection.cursor(cursor_factory=RealDictCursor) as rows:
        rows.execute(
            "select c.id, c.source, c.name, c.description, c.workflow, c.content_hash, c.changed_at,"
            " 1 + (select count(*) from former_versions f where f.id = c.id) as version"
            " from content c where c.id = any(%s)",
            (ids,),
        )
        yield from rows


def _former(
    row: Mapping[str, Any], item: WorkflowItem, last_seen_at: datetime | None, now: datetime
) -> tuple[Any, ...]:
    before = Content(row["source"], row["name"], row["description"], row["workflow"])
    after = Content(item.source or row["source"], item.name, item.description, item.workflow)
    return (
        *(row["id"], row["version"], row["source"], row["content_hash"], row["changed_at"], last_seen_at, now),
        *(differences(before, after), raw.pack(before._asdict())),
    )


def _unpacked(source: str, body: Any) -> Content:
    content = raw.unpack("api", bytes(body))
    assert isinstance(content, dict)
    return Content(source, content["name"], content["description"], content["workflow"])


def _batches(cursor: Cursor) -> Iterator[list[tuple[Any, ...]]]:
    last = (0, 0)
    while True:
        cursor.execute(
            "select id, version, differences, body from former_versions where (id, version) > (%s, %s)"
            " order by id, version limit %s",
            (*last, ROWS),
        )
        rows = cursor.fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][:2]


def _redacted(row: tuple[Any, ...]) -> tuple[Any, ...] | None:
    id, version, told, body = row
    before = {"differences": told, "content": None if body is None else raw.unpack("api", bytes(body))}
    after = redact(before)
    if not after.findings:
        return None
    content = after.value["content"]
    return id, version, after.value["differences"], None if content is None else raw.pack(content)
