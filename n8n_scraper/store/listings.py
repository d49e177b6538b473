"""What the sitemap and the listing said when they were last read: addresses and prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from n8n_scraper.site.listing import ListingEntry
from n8n_scraper.store.forgotten import forgotten_ids


def replace_sitemap(cursor: Cursor, addresses: Mapping[int, str]) -> list[int]:
    """Take a whole sitemap as the last one seen: addresses, and is_listed of every row. Nothing of what was taken down
    is kept.

    Returns:
        ids that deserve a request because the sitemap changed its mind: stored ones that vanished and that no job has
        taken since (see :func:`take_vanished`), gone ones listed again.
    """
    cursor.execute("create temporary table seen (id bigint primary key, url text not null) on commit drop")
    forgotten = forgotten_ids(cursor)
    listed = [(id, url) for id, url in addresses.items() if id not in forgotten]
    execute_values(cursor, "insert into seen (id, url) values %s", listed, page_size=5000)
    cursor.execute(
        "select id from observed left join seen using (id) left join listed using (id)"
        " where (seen.id is null and listed.id is not null and gone_at is null)"
        " or (seen.id is not null and gone_at is not null) order by id"
    )
    turned = [row[0] for row in cursor.fetchall()]
    # Vanished ids stay here, with their former seen_at, until a job has taken them: a crawl of given ids, a limit or a
    # kill must not make us forget to ask for them.
    cursor.execute(
        "delete from listed where not exists (select from seen where seen.id = listed.id)"
        " and not exists (select from observed where observed.id = listed.id and gone_at is null)"
    )
    cursor.execute(
        "insert into listed (id, url, seen_at) select id, url, now() from seen"
        " on conflict (id) do update set url = excluded.url, seen_at = excluded.seen_at"
    )
    cursor.execute(
        "update observed set is_listed = exists (select from seen where seen.id = observed.id)"
        " where is_listed is distinct from exists (select from seen where seen.id = observed.id)"
    )
    return turned


def take_vanished(cursor: Cursor, ids: Sequence[int]) -> None:
    """A job has these ids now: those that vanished from the sitemap are asked for by it, and by no later one."""
    cursor.execute(
        "delete from listed where id = any(%s) and seen_at < (select max(seen_at) from listed)", (list(ids),)
    )


def add_listing(cursor: Cursor, entries: Sequence[ListingEntry], now: datetime, *, observe: bool) -> None:
    """Take a page of the listing; with ``observe`` its views and prices get into the history of stored workflows."""
    forgotten = forgotten_ids(cursor)
    known = {entry.id: entry for entry in entries if entry.id not in forgotten}
    add_prices(
        cursor,
        [(e.id, e.is_paid, e.price_usd) for e in known.values() if e.is_paid is not None and e.price_usd is not None],
    )
    _note_changes(cursor, [(id, entry.digest, now) for id, entry in known.items()])
    if observe:
        _observe(cursor, list(known.values()), now)


def _note_changes(cursor: Cursor, digests: Sequence[tuple[int, str, datetime]]) -> None:
    """Times are of the crawler's clock, as ``scraped_at`` is."""
    execute_values(
        cursor,
        "update listing_digests d set digest = v.digest, changed_at = v.seen_at"
        " from (values %s) as v (id, digest, seen_at) where d.id = v.id and d.digest <> v.digest",
        digests,
        template="(%s, %s, %s::timestamptz)",
        page_size=1000,
    )
    execute_values(
        cursor,
        "insert into listing_digests (id, digest) values %s on conflict do nothing",
        [(id, digest) for id, digest, _ in digests],
        page_size=1000,
    )


def _observe(cursor: Cursor, entries: Sequence[ListingEntry], now: datetime) -> None:
    """Where views or price differ from the last that was seen."""
    execute_values(
        cursor,
        "insert into observed_history (id, observed_at, views, is_paid, price_usd)"
        " select o.id, v.seen_at, v.views, v.is_paid, v.price_usd"
        " from (values %s) as v (id, seen_at, views, is_paid, price_usd) join observed o using (id)"
        " left join lateral (select * from observed_history h where h.id = o.id order by observed_at desc limit 1) l"
        " on true where (v.views, v.is_paid, v.price_usd) is distinct from (l.views, l.is_paid, l.price_usd)"
        " on conflict do nothing",
        [(entry.id, now, entry.views, entry.is_paid, entry.price_usd) for entry in entries if entry.views is not None],
        template="(%s, %s::timestamptz, %s::bigint, %s::bool, %s::float)",
    )


def add_prices(cursor: Cursor, prices: Iterable[tuple[int, bool, float]]) -> None:
    """Take prices of listing rows: (id, is_paid, price in US dollars); the last one of an id wins."""
    forgotten = forgotten_ids(cursor)
    rows = {id: (id, is_paid, price) for id, is_paid, price in prices if id not in forgotten}
    execute_values(
        cursor,
        "insert into listed_prices (id, is_paid, price_usd, seen_at) values %s"
        " on conflict (id) do update set is_paid = excluded.is_paid, price_usd = excluded.price_usd, seen_at = now()",
        list(rows.values()),
        template="(%s, %s, %s, now())",
        page_size=1000,
    )


def read_addresses(cursor: Cursor, ids: Sequence[int]) -> dict[int, str]:
    """Of those that the last sitemap lists."""
    cursor.execute(
        "select id, url from listed where id = any(%s) and seen_at = (select max(seen_at) from listed)", (list(ids),)
    )
    return dict(cursor.fetchall())


def read_prices(cursor: Cursor, ids: Sequence[int]) -> dict[int, tuple[bool, float]]:
    cursor.execute("select id, is_paid, price_usd from listed_prices where id = any(%s)", (list(ids),))
    return {id: (is_paid, price) for id, is_paid, price in cursor.fetchall()}


def share_with_row(cursor: Cursor, continued_job: int | None) -> float | None:
    """Of the ids in the last sitemap, the share that the store has a row of; None where it lists none.

    What was taken down has no row and needs none. Of a job that an earlier run has begun, what was published since its
    ids were fixed (higher ones than all of its own) is not asked for.
    """
    cursor.execute(
        "select avg((exists (select from observed where observed.id = listed.id))::int)::float from listed"
        " where seen_at = (select max(seen_at) from listed) and id not in (select id from forgotten)"
        " and (%(job)s::bigint is null or id <= (select max(id) from job_ids where job_id = %(job)s))",
        {"job": continued_job},
    )
    share: float | None = cursor.fetchone()[0]
    return share
