"""What is measured: the analysts' questions, and the statements by which the crawler itself asks and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any, NamedTuple

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.items import WorkflowItem
from n8n_scraper.scale.load.questions import MOST_MS, QUESTIONS, Question
from n8n_scraper.scale.load.rows import RUN
from n8n_scraper.site.listing import ListingEntry
from n8n_scraper.store import (
    checkpoints,
    forgotten,
    history,
    jobs,
    listings,
    media_files,
    rows,
    run_states,
    run_workflows,
    transcripts,
    undone,
)
from n8n_scraper.store.batches import MAX_ROWS
from n8n_scraper.work import tasks

_PAGE = 100
"""Entries of a page of the listing."""


class Statement(NamedTuple):
    """``run(cursor, number)`` does it with other values for each number; its transaction is rolled back."""

    name: str
    does: str
    run: Callable[[Cursor, int], object]
    most_ms: float | None = None
    goal_ms: float | None = None
    question: Question | None = None


@dataclass(frozen=True)
class Known:
    """What the crawler's statements are tried with."""

    ids: Sequence[int]
    """Of all rows, in no order."""
    job_id: int
    items: Sequence[WorkflowItem]
    """A batch as a crawl makes it; their rows are stored."""

    def some(self, number: int, count: int = MAX_ROWS) -> list[int]:
        """Others for each number."""
        first = number * count % max(1, len(self.ids) - count)
        return list(self.ids[first : first + count])


def questions(cursor: Cursor) -> Iterator[Statement]:
    for question in QUESTIONS:
        values = _values(cursor, question)
        yield Statement(
            question.name,
            question.asks,
            partial(_ask, question.sql, values),
            MOST_MS,
            question.goal_ms,
            question,
        )


def _values(cursor: Cursor, question: Question) -> Sequence[Mapping[str, Any]]:
    if question.values_from is None:
        return question.values
    cursor.execute(question.values_from)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()] or [dict.fromkeys(names)]


def _ask(sql: str, values: Sequence[Mapping[str, Any]], cursor: Cursor, number: int) -> None:
    cursor.execute(sql, values[number % len(values)])
    cursor.fetchall()


def read_known(cursor: Cursor, items: Sequence[WorkflowItem]) -> Known:
    cursor.execute("select id from observed order by hashint8(id)")
    ids = [id for (id,) in cursor.fetchall()]
    cursor.execute("select max(id) from jobs")
    return Known(ids, cursor.fetchone()[0], items)


def crawler(known: Known) -> Iterator[Statement]:
    """The crawler's own, by the functions that it calls itself; told, and not judged."""
    for name, (does, run) in (_questions_of_crawls(known) | _writes_of_crawls(known)).items():
        yield Statement(name, does, run)


Work = dict[str, tuple[str, Callable[[Cursor, int], object]]]
"""Name → what it does, and the doing."""


def _questions_of_crawls(known: Known) -> Work:
    some, every, job = known.some, sorted(known.ids), known.job_id
    return {
        "due": ("what of all ids is due", lambda c, n: jobs.due_ids(c, every, (1, 2, 3), "missing", api_open=True)),
        "pending": ("what is left of a job", lambda c, n: jobs.read_pending(c, job)),
        "known": ("what is known of 50 ids", lambda c, n: rows.read_known(c, some(n))),
        "read_items": ("50 rows for their stages", lambda c, n: rows.read_items(c, some(n))),
        "good_id": ("a workflow that was answered well", lambda c, n: rows.read_good_id(c, some(n, 3))),
        "failed": ("what a run could not get", lambda c, n: undone.failed(c, f"{RUN}{n % 7}", 20)),
        "left": ("what a job left undone, and why", lambda c, n: undone.left(c, job, 20)),
        "newest_run": ("the state of the newest run", lambda c, n: run_states.newest(c)),
        "never_ended": ("runs without an end", lambda c, n: run_states.never_ended(c)),
        "checkpoint": ("how far a run is", lambda c, n: checkpoints.read_last(c, f"{RUN}{n % 40}")),
        "visited": ("what a run did, for its report", lambda c, n: run_workflows.read(c, f"{RUN}0")),
        "history": ("the history of a workflow", lambda c, n: history.read_past(c, some(n, 1)[0])),
        "prices": ("prices of 100 ids", lambda c, n: listings.read_prices(c, some(n, _PAGE))),
        "share": ("ids of the sitemap with a row", lambda c, n: listings.share_with_row(c, job)),
        "images": ("what is known of 50 images", lambda c, n: media_files.read_fetched(c, map(str, some(n)))),
        "transcript": ("what is known of a video", lambda c, n: transcripts.read_known(c, str(n))),
        "task_ends": ("is an export due, now that a task has ended", lambda c, n: tasks.add_export(c, n % 100 + 1)),
        "export": ("the first 200 rows of an export", _export),
    }


def _writes_of_crawls(known: Known) -> Work:
    some, addresses = known.some, dict.fromkeys(sorted(known.ids), "x")
    return {
        "acknowledge": ("50 ids are done", lambda c, n: jobs.acknowledge(c, known.job_id, some(n))),
        "write_new": ("50 new rows", lambda c, n: _write(c, _renamed(known.items, n))),
        "write_unchanged": ("50 rows again, unchanged", lambda c, n: _write(c, deepcopy(list(known.items)))),
        "write_changed": ("50 rows with other content", lambda c, n: _write(c, _edited(known.items))),
        "forget": ("a workflow is taken down", lambda c, n: forgotten.forget(c, some(n, 1), None, _now())),
        "sitemap": ("a whole sitemap is taken", lambda c, n: listings.replace_sitemap(c, addresses)),
        "listing": (
            "a page of the listing is taken",
            lambda c, n: listings.add_listing(c, _entries(some(n, _PAGE), n), _now(), observe=True),
        ),
    }


def _export(cursor: Cursor, _number: int) -> None:
    cursor.execute("select id, workflow::text from workflow_rows order by id limit 200")
    cursor.fetchall()


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _write(cursor: Cursor, items: list[WorkflowItem]) -> None:
    rows.write_batch(cursor, items, _now(), lambda item: None, kept_versions=100)


def _renamed(items: Sequence[WorkflowItem], number: int) -> list[WorkflowItem]:
    copies = deepcopy(list(items))
    for at, item in enumerate(copies):
        item.id = 1_000_000_000 + number * MAX_ROWS + at
    return copies


def _edited(items: Sequence[WorkflowItem]) -> list[WorkflowItem]:
    copies = deepcopy(list(items))
    for item in copies:
        item.description = f"{item.description} Edited."
        item.content_hash = f"{item.content_hash}-edited"
    return copies


def _entries(ids: Sequence[int], number: int) -> list[ListingEntry]:
    return [ListingEntry(id=id, is_paid=False, price_usd=0.0, views=number, digest=str(number)) for id in ids]
