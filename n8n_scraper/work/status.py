"""What ``scrapy work status`` tells. psycopg2 only: who looks needs no engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.work.tasks import SCHEMA

_TASKS = f"""
select t.batch_id, t.kind,
    case when t.finished_at is not null then 'done' when t.set_aside_at is not null then 'set aside'
        when q.status = 'doing' then 'running' when q.scheduled_at > now() then 'waiting' else 'ready' end as state,
    count(*) as tasks, coalesce(sum(t.id_count), 0)::bigint as ids,
    coalesce(sum((select count(*) from job_ids i join jobs j on j.id = i.job_id
        where j.key = 'work/' || t.id and i.is_done)), 0)::bigint as done
from work_tasks t
left join {SCHEMA}.procrastinate_jobs q on (q.args ->> 'task')::bigint = t.id
group by 1, 2, 3 order by 1, 2, 3
"""  # noqa: S608 - the schema is a name of ours
_WORKERS = f"""
select w.worker_id as number, w.host, w.pid, w.egress,
    extract(epoch from now() - p.last_heartbeat)::float8 as silent_seconds,
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


def read_work(cursor: Cursor) -> WorkState | None:
    """None where there is no queue: nothing was ever put on it, or the store was restored and no worker came yet."""
    cursor.execute("select to_regclass(%s) is not null", (f"{SCHEMA}.procrastinate_jobs",))
    if cursor.fetchone() != (True,):
        return None
    return WorkState(*(_rows(cursor, statement) for statement in (_TASKS, _WORKERS, _TOLD, _PAUSES)))


def lines(state: WorkState) -> Iterator[str]:
    for row in state.tasks:
        ids = f", {row['done']:,} of {row['ids']:,} ids done" if row["kind"] == "crawl" else ""
        yield f"batch {row['batch_id']}: {row['tasks']} {row['kind']} {row['state']}{ids}"
    for row in state.workers:
        egress = f", egress {row['egress']}" if row["egress"] else ""
        seen = f"seen {row['silent_seconds']:.0f} s ago"
        yield f"worker {row['number']}: {row['host']}, process {row['pid']}{egress}, {row['tasks']} tasks, {seen}"
    for row in state.pauses:
        egress = f"egress {row['egress']}" if row["egress"] else "workers without an egress"
        yield f"{egress}: no crawl begins for {row['seconds']:.0f} s: {row['reason']} (scrapy work retry ends the wait)"
    for row in state.told:
        what = "set aside" if row["is_aside"] else "tried again"
        yield f"task {row['id']} ({row['kind']}) {what}: {row['reason']}; last worker {row['worker']}"


def _rows(cursor: Cursor, statement: str) -> list[dict[str, Any]]:
    cursor.execute(statement)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
