"""What ``scrapy work status`` tells of dead workers, failed ids and old batches."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")

from n8n_scraper.work import tasks, workers
from n8n_scraper.work.status import WorkState, lines, read_work
from n8n_scraper.work.tasks import Batch

CRAWLED = """
insert into jobs (key, arguments) values ('work/1', '{}');
insert into job_ids (job_id, id, is_done) select 1, id, id < 5 from generate_series(1, 5) id;
insert into runs (run_id, job_id, arguments, settings, versions, started_at)
    select run, 1, '{}', '{}', '{}', now() from unnest(array['first', 'second']) run;
insert into observed (id, crawl_status, layer1_status, layer2_status, layer3_status, media_status, transcripts_status,
    first_seen_at, attempt_count, request_count, service_seconds, run_id)
    select id, 'complete', 'ok', 'ok', 'ok', 'skipped', 'skipped', now(), 1, 1, 0, 'first' from generate_series(1, 5) id;
insert into run_workflows (run_id, id, committed_at, crawl_status, layer1_status, layer2_status, layer3_status, content,
    error_kind, attempt_count, request_count, service_seconds)
    select run, id, now() - age::interval, 'complete', 'ok', 'ok', 'ok', 'none', kind, 1, 1, 0 from (values
        ('first', 1, '2 s', 'server'), ('second', 1, '1 s', null), ('first', 2, '2 s', 'gone'),
        ('first', 3, '2 s', 'server'), ('second', 4, '1 s', 'timeout')) as seen (run, id, age, kind);
update work_tasks set kind = 'crawl', id_count = 5
"""
"""One that failed and then did not, one that is gone, two that failed, one that is not done."""


def state(cursor: Any) -> WorkState:
    told = read_work(cursor)
    assert told is not None
    return told


def test_a_worker_that_is_silent_for_longer_than_its_lease_is_not_said_to_run_anything(cursor: Any) -> None:
    tasks.add_batch(cursor, Batch({}))
    tasks.enter_engine_schema(cursor)
    cursor.execute("select worker_id from procrastinate_register_worker_v1()")
    (number,) = cursor.fetchone()
    workers.note_worker(cursor, workers.Worker(number, "host", 7, "", lease=6.0))
    cursor.execute("select from procrastinate_fetch_job_v2(null, %s)", (number,))
    assert [state(cursor).tasks[0]["state"], state(cursor).workers[0]["state"]] == ["running", "alive"]
    cursor.execute("update procrastinate_workers set last_heartbeat = now() - interval '9 seconds'")
    assert [state(cursor).tasks[0]["state"], state(cursor).workers[0]["state"]] == ["silent", "silent"]
    assert [*lines(state(cursor))] == [
        "batch 1: 1 plan with a silent worker",
        f"worker {number}: host, process 7, 1 tasks, seen 9 s ago: silent for longer than its lease of 6 s,"
        " any other takes over what it had",
    ]


def test_ids_that_failed_when_they_were_last_asked_for_are_told(cursor: Any) -> None:
    tasks.add_batch(cursor, Batch({}))
    cursor.execute(CRAWLED)
    assert state(cursor).tasks[0]["failed"] == 2
    assert [*lines(state(cursor))] == ["batch 1: 1 crawl ready, 4 of 5 ids done, of which 2 failed"]


def test_batches_that_finished_long_ago_are_counted(cursor: Any) -> None:
    for words in ({"limit": "1"}, {"limit": "2"}, {"limit": "3"}):
        tasks.add_batch(cursor, Batch(words))
    cursor.execute("update work_tasks set finished_at = now() - make_interval(hours => 20 * id::int)")
    cursor.execute("insert into work_tasks (batch_id, kind, set_aside_at) values (3, 'crawl', now())")
    assert state(cursor).old_batches == 1
    assert [*lines(state(cursor))] == [
        "1 batches finished more than 1 day ago",
        "batch 1: 1 plan done",
        "batch 3: 1 crawl set aside, 0 of 0 ids done",
        "batch 3: 1 plan done",
    ]
