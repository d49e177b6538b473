"""What ``scrapy work status`` tells. psycopg2 only: who looks needs no engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.work.tasks import SCHEMA

OLD = "1 day"
"""Batches that finished longer ago are only counted."""
_OLD = """
select batch_id from work_tasks group by 1
having bool_and(finished_at is not null) and max(finished_at) < now() - %(old)s::interval
"""
_TASKS = f"""
select t.batch_id, t.kind,
    case when t.finished_at is not null then 'done' when t.set_aside_at is not null then 'set aside'
        when q.status = 'doing' then case when p.last_heartbeat > now() - make_interval(secs => w.lease_seconds)
            then 'running' else 'silent' end
        when q.scheduled_at > now() then 'waiting' else 'ready' end as state,
    count(*) as tasks, coalesce(sum(t.id_count), 0)::bigint as ids,
    coalesce(sum(d.done), 0)::bigint as done, coalesce(sum(d.failed), 0)::bigint as failed
from work_tasks t
left join jobs j on j.key = 'work/' || t.id
left join lateral (
    select count(*) as done, count(*) filter (where (
        select r.error_kind <> 'gone' from run_workflows r join runs using (run_id)
        where runs.job_id = i.job_id and r.id = i.id order by r.committed_at desc limit 1)) as failed
    from job_ids i where i.job_id = j.id and i.is_done) d on true
left join {SCHEMA}.procrastinate_jobs q on (q.args ->> 'task')::bigint = t.id
left join {SCHEMA}.procrastinate_workers p on p.id = q.worker_id
left join work_workers w on w.worker_id = p.id
where t.batch_id not in ({_OLD})
group by 1, 2, 3 order by 1, 2, 3
"""  # noqa: S608 - the schema is a name of ours
_WORKERS = f"""
select w.worker_id as number, w.host, w.pid, w.egress,
    extract(epoch from now() - p.last_heartbeat)::float8 as silent_seconds, w.lease_seconds,
    case when p.last_heartbeat > now() - make_interval(secs => w.lease_seconds) then 'alive' else 'silent' end as state,
    (select count(*) from {SCHEMA}.procrastinate_jobs q where q.worker_id = w.worker_id and status = 'doing') as tasks
from work_workers w join {SCHEMA}.procrastinate_workers p on p.id = w.worker_id order by 1
"""  # noqa: S608 - likewise
_PAUSES = """
select egress, until, extract(epoch from until - now())::float8 as seconds, reason from work_pauses
where until > now() order by 1
"""
_TOLD = """
select id, kind, reason, worker, crash_count, set_aside_at is not null as is_aside
from work_tasks where finished_at is null and reason is not null order by id limit 20
"""


class WorkState(NamedTuple):
    tasks: list[dict[str, Any]]
    workers: list[dict[str, Any]]
    told: list[dict[str, Any]]
    """Tasks with something to say."""
    pauses: list[dict[str, Any]]
    """Egresses whose workers begin no crawl, because the site refuses them."""
    old_batches: int
    """Finished for longer than :data:`OLD`, and not among ``tasks``."""


def read_work(cursor: Cursor) -> WorkState | None:
    """None where there is no queue: nothing was ever put on it, or the store was restored and no worker came yet."""
    cursor.execute("select to_regclass(%s) is not null", (f"{SCHEMA}.procrastinate_jobs",))
    if cursor.fetchone() != (True,):
        return None
    return WorkState(
        tasks=_rows(cursor, _TASKS),
        workers=_rows(cursor, _WORKERS),
        told=_rows(cursor, _TOLD),
        pauses=_rows(cursor, _PAUSES),
        old_batches=len(_rows(cursor, _OLD)),
    )


def lines(state: WorkState) -> Iterator[str]:
    if state.old_batches:
        yield f"{state.old_batches:,} batches finished more than {OLD} ago"
    for row in state.tasks:
        ids = f", {row['done']:,} of {row['ids']:,} ids done" if row["kind"] == "crawl" else ""
        failed = f", of which {row['failed']:,} failed" if row["failed"] else ""
        what = "with a silent worker" if row["state"] == "silent" else row["state"]
        yield f"batch {row['batch_id']}: {row['tasks']} {row['kind']} {what}{ids}{failed}"
    for row in state.workers:
        egress = f", egress {row['egress']}" if row["egress"] else ""
        seen = f"seen {row['silent_seconds']:.0f} s ago"
        if row["state"] == "silent":
            seen += (
                f": silent for longer than its lease of {row['lease_seconds']:g} s, any other takes over what it had"
            )
        yield f"worker {row['number']}: {row['host']}, process {row['pid']}{egress}, {row['tasks']} tasks, {seen}"
    for row in state.pauses:
        egress = f"egress {row['egress']}" if row["egress"] else "workers without an egress"
        yield f"{egress}: no crawl begins for {row['seconds']:.0f} s: {row['reason']} (scrapy work retry ends the wait)"
    for row in state.told:
        what = "set aside" if row["is_aside"] else "tried again"
        yield f"task {row['id']} ({row['kind']}) {what}: {row['reason']}; last worker {row['worker']}"


def _rows(cursor: Cursor, statement: str) -> list[dict[str, Any]]:
    cursor.execute(statement, {"old": OLD})
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
