"""What the site refuses a worker: those of the same egress wait, those of another go on."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")

from n8n_scraper.work import tasks, workers
from n8n_scraper.work.status import lines, read_work
from n8n_scraper.work.tasks import Batch, Claim

BLOCKED = (
    "insert into jobs (key, arguments) values ('work/1', '{}');"
    "insert into runs (run_id, job_id, arguments, settings, versions, started_at, close_reason)"
    " select 'run', id, '{}', '{}', '{}', now(), 'blocked' from jobs"
)


def claim(cursor: Any, egress: str) -> Claim:
    """A new worker of this egress takes the first entry of the queue."""
    tasks.enter_engine_schema(cursor)
    cursor.execute("select worker_id from procrastinate_register_worker_v1()")
    (number,) = cursor.fetchone()
    workers.note_worker(cursor, workers.Worker(number, "host", 1, egress))
    cursor.execute("select id, (args ->> 'task')::bigint from procrastinate_fetch_job_v2(null, %s)", (number,))
    entry, task = cursor.fetchone()
    claimed = Claim(entry, number, task)
    tasks.assign(cursor, claimed, "host:1")
    return claimed


def test_only_workers_of_the_egress_that_was_refused_wait(cursor: Any) -> None:
    tasks.add_batch(cursor, Batch({}))
    cursor.execute(BLOCKED)
    outcome = tasks.settle(cursor, claim(cursor, "second"), 3)
    assert outcome is not None
    assert outcome.concerns_site
    assert [workers.is_paused(cursor, egress) for egress in ("second", "")] == [True, False]
    assert claim(cursor, "").task == 1, "the task itself is free for others at once"
    state = read_work(cursor)
    assert state is not None
    assert "egress second: no crawl begins for 900 s: blocked (scrapy work retry ends the wait)" in [*lines(state)]
    tasks.put_back(cursor)
    assert not workers.is_paused(cursor, "second")
