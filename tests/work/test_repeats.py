"""The same work is on the queue once."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")

from n8n_scraper.work.repeats import same_unfinished, settle_schedule
from n8n_scraper.work.tasks import Batch, add_batch, enter_engine_schema

FIRST = Batch({"limit": "90", "layers": "1,2"}, shard_size=30)


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        (FIRST, FIRST, True),
        (FIRST, Batch({"layers": "1,2", "limit": "90"}, shard_size=7, with_export=True), True),
        (FIRST, Batch({"limit": "9", "layers": "1,2"}), False),
        (FIRST, FIRST._replace(ids=[1]), False),
        (Batch({}, [1, 2]), Batch({}, [2, 1]), True),
        (Batch({}, [1, 2]), Batch({}, [1]), False),
        (Batch({}, [1]), Batch({}, [1, 2]), False),
        (Batch({}), Batch({}, only_export=True), False),
        (Batch({}, only_export=True), Batch({}, only_export=True), True),
    ],
)
def test_what_is_the_same_work(cursor: Any, first: Batch, second: Batch, is_same: bool) -> None:
    number = add_batch(cursor, first)
    assert same_unfinished(cursor, second) == (number if is_same else None)


@pytest.mark.parametrize("end", ["finished_at", "set_aside_at"])
def test_what_runs_no_more_stands_in_nobodys_way(cursor: Any, end: str) -> None:
    add_batch(cursor, FIRST)
    cursor.execute(f"update work_tasks set {end} = now()")
    assert same_unfinished(cursor, FIRST) is None


def test_what_comes_due_while_the_last_is_not_finished_is_left_out(cursor: Any) -> None:
    for expected in (None, 1):
        enter_engine_schema(cursor)
        cursor.execute("select worker_id from procrastinate_register_worker_v1()")
        (worker,) = cursor.fetchone()
        cursor.execute(
            "insert into procrastinate_jobs (queue_name, task_name, status, worker_id)"
            " values ('crawl', 'enqueue', 'doing', %s) returning id",
            (worker,),
        )
        (entry,) = cursor.fetchone()
        assert settle_schedule(cursor, entry, worker, FIRST) == expected
        cursor.execute("select from procrastinate_jobs where id = %s", (entry,))
        assert not cursor.rowcount
    cursor.execute("select count(*) from work_batches")
    assert cursor.fetchone() == (1,)
