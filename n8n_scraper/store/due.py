"""Which ids a job is made of, and what of them is left: fixed by its first start, read by every later one."""

from __future__ import annotations

from collections.abc import Collection

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.arguments import Arguments
from n8n_scraper.store import jobs, listings
from n8n_scraper.store.forgotten import forgotten_ids


def ids_without_site(cursor: Cursor, job: jobs.Job | None, arguments: Arguments) -> list[jobs.JobId] | None:
    """What is left, if stages are all that is left: then the site need not be asked for anything. Else None.

    Fixes the ids of a job that asks for nothing but stages.
    """
    if job is not None and job.is_prepared:
        left = jobs.read_pending(cursor, job.id)
    elif arguments.layers:
        return None
    else:
        left = _due(cursor, _given(arguments) or jobs.stored_ids(cursor), arguments, api_open=True)
    if not all(entry.is_stored for entry in left) or (arguments.layers and not left):
        return None
    if job is not None and not job.is_prepared:
        jobs.prepare(cursor, job.id, left)
    return left


def fix_ids(
    cursor: Cursor, job: jobs.Job | None, arguments: Arguments, addresses: dict[int, str], *, api_open: bool
) -> list[jobs.JobId]:
    """What is left, once the sitemap was read; ``job`` None fixes nothing.

    In one transaction: a kill must not separate what the sitemap told from the job that is made of it.
    """
    turned = listings.replace_sitemap(cursor, addresses) if addresses else []
    if job is not None and job.is_prepared:
        return jobs.read_pending(cursor, job.id)
    ids = _given(arguments) or (sorted(addresses) if arguments.layers else jobs.stored_ids(cursor))
    is_sitemap_crawl = arguments.ids is None and bool(arguments.layers)
    due = _due(cursor, ids, arguments, api_open=api_open, turned=turned if is_sitemap_crawl else ())
    if job is not None:
        jobs.prepare(cursor, job.id, due)
        listings.take_vanished(cursor, [entry.id for entry in due if not entry.is_stored])
    return due


def _given(arguments: Arguments) -> list[int]:
    return [ref.id for ref in arguments.ids or ()]


def _due(
    cursor: Cursor, ids: list[int], arguments: Arguments, *, api_open: bool, turned: Collection[int] = ()
) -> list[jobs.JobId]:
    """Those of ``ids`` that are due, and those that the sitemap changed its mind about (``turned``). None that was
    taken down.
    """
    forgotten = forgotten_ids(cursor)
    ids = [id for id in ids if id not in forgotten]
    layers, stages = arguments.needed_layers, arguments.stages
    due = jobs.due_ids(cursor, ids, layers, arguments.refresh, api_open=api_open, stages=stages)
    due = (sorted({*due, *turned}) if turned else due)[: arguments.limit]
    if not stages:
        return [jobs.JobId(id) for id in due]
    refresh = arguments.refresh if arguments.layers else "missing"
    visits = {*jobs.due_ids(cursor, due, layers, refresh, api_open=api_open), *turned}
    return [jobs.JobId(id, is_stored=id not in visits) for id in due]
