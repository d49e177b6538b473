"""What a run left undone, and why. Reads, and changes nothing."""

from __future__ import annotations

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.report.standing import Group

_FAILED = """
select error_kind, count(*), (array_agg(id order by id))[:%(most)s]
from observed where run_id = %(run_id)s and error_kind is not null and error_kind <> 'gone'
group by 1 order by 2 desc, 1
"""
_LEFT = """
select case
        when i.not_before > clock_timestamp() then 'put off'
        when o.error_kind = 'blocked' and o.run_id in (select run_id from runs where job_id = i.job_id) then 'blocked'
        when i.id::text = any (string_to_array((
            select stats->>'drift/withheld_ids' from runs
            where job_id = i.job_id and ended_at is not null order by started_at desc limit 1
        ), ',')) then 'withheld, for the structure had changed'
        when i.request_count > 0 then 'waits for a retry'
        else 'not asked'
    end, count(*), (array_agg(i.id order by i.id))[:%(most)s], max(i.not_before)
from job_ids i left join observed o on o.id = i.id
where i.job_id = %(job_id)s and not i.is_done
group by 1 order by 2 desc, 1
"""


def failed(cursor: Cursor, run_id: str, most: int) -> list[Group]:
    """Workflows that the run could not get, by failure kind; up to ``most`` ids of each."""
    cursor.execute(_FAILED, {"run_id": run_id, "most": most})
    return [Group(*row) for row in cursor.fetchall()]


def left(cursor: Cursor, job_id: int, most: int) -> list[Group]:
    """Ids of the job that a later run asks for: put off, blocked, withheld, waits for a retry or not asked."""
    cursor.execute(_LEFT, {"job_id": job_id, "most": most})
    groups = [Group(*row) for row in cursor.fetchall()]
    return [group if group.reason == "put off" else group._replace(until=None) for group in groups]
