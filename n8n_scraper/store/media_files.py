"""What became of each image's address: kept once, filled into every row that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.media import Fetched, fill_images, outcome

_COLUMNS = ", ".join(Fetched._fields)


def read_fetched(cursor: Cursor, urls: Iterable[str]) -> dict[str, Fetched]:
    """What is known of these addresses."""
    keys = [_key(url) for url in urls]
    cursor.execute(f"select {_COLUMNS} from media_files where url_sha256 = any(%s)", (keys,))  # noqa: S608 - names of Fetched
    return {row[0]: Fetched(*row) for row in cursor.fetchall()}


def keep(cursor: Cursor, fetched: Fetched, now: datetime) -> None:
    """Remember what became of an address; a file that is there is never given up for a failure."""
    updates = ", ".join(f"{name} = excluded.{name}" for name in Fetched._fields)
    statement = f"""
        insert into media_files (url_sha256, {_COLUMNS}) values %s
        on conflict (url_sha256) do update set {updates}
        where excluded.error_kind is null or media_files.error_kind is not null
    """  # noqa: S608 - names of Fetched
    execute_values(cursor, statement, [(_key(fetched.url), *fetched._replace(fetched_at=now))])


def fill_media(cursor: Cursor, items: Sequence[WorkflowItem]) -> None:
    """Fill ``images`` of items that carry some. ``media_status`` follows, where it was asked for before.

    (A status ``skipped``, ``gone``, or None while the item is on its way into the store, stays.)
    """
    carrying = [item for item in items if item.images]
    fetched = read_fetched(cursor, {image["url"] for item in carrying for image in item.images or ()})
    for item in items:
        fill_images(item.images or (), fetched)
        if item.images is not None and item.media_status not in {None, "skipped", "gone"}:
            item.media_status = outcome(item.images, fetched).status


def _key(url: str) -> str:
    return sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
