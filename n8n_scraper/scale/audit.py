"""What became of a job: rows against those of a crawl that nobody disturbed, commits, and answers that were asked for.

**Lost**: an id of the job without a row at the end, or with a row that differs from the one of an undisturbed crawl in
a column that does not depend on time, run or number of attempts.

**Stored twice**: an id whose row was committed with success more than once. A row is unique by its key whatever
happens, so what counts is the commits: a trigger in the trial's store notes each of them, in their own transaction.

**Fetched again**: usable answers to the workflow's own request beyond the one that an undisturbed crawl needs, counted
from the replica's access log. What was answered and not committed when a crawl was killed is fetched again: what was on
its way in the process, and rows not yet flushed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

import psycopg2

from n8n_scraper.items import COLUMN_NAMES
from n8n_scraper.scale.trial import rows_of
from n8n_scraper.worklist import MAX_OPEN_VISITS

Row = dict[str, Any]
DEPENDS_ON_THE_RUN = frozenset(
    {
        *("first_seen_at", "scraped_at", "changed_at", "gone_at"),
        *("attempt_count", "request_count", "service_seconds", "run_id"),
    }
)
COMPARED = ("error", *(name for name in COLUMN_NAMES if name not in DEPENDS_ON_THE_RUN | {"error"}))
"""The most telling one first."""
MOST_FETCHED_AGAIN = MAX_OPEN_VISITS
"""For one kill: CONCURRENT_REQUESTS and the rows not yet flushed, which are the visits that the spider keeps open."""
_HARMLESS_FAULTS = frozenset({"slow", "drip"})

_NOTE_COMMITS = """
create schema trial;
create table trial.commits (id bigint not null, run_id text not null);
create function trial.note_commit() returns trigger language plpgsql as $$
begin
    if new.scraped_at is not null and (tg_op = 'INSERT' or new.scraped_at is distinct from old.scraped_at) then
        insert into trial.commits values (new.id, new.run_id);
        perform pg_sleep(tg_argv[0]::float);
    end if;
    return null;
end $$;
create trigger note_commit after insert or update of scraped_at on observed
for each row execute function trial.note_commit({seconds});
"""


def note_commits(dsn: str, seconds: float = 0.0) -> None:
    """From now on this store notes every commit of a row that was scraped with success.

    Each takes ``seconds`` longer, so that a signal can meet a transaction.
    """
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_NOTE_COMMITS.replace("{seconds}", repr(seconds)))


def stored_twice(dsn: str) -> list[int]:
    return [row["id"] for row in rows_of(dsn, "select id from trial.commits group by id having count(*) > 1")]


def stored_rows(dsn: str) -> dict[int, Row]:
    """What is compared of every row, with the whole JSON also of paid workflows."""
    rows = rows_of(dsn, "select r.*, c.workflow as workflow from workflow_rows r left join content c using (id)")
    return {row["id"]: {name: row[name] for name in COMPARED} for row in rows}


def differences(expected: Mapping[int, Row], found: Mapping[int, Row]) -> dict[int, str]:
    """Lost ids, each with how its row differs."""
    lost: dict[int, str] = {}
    for id, row in expected.items():
        if id not in found:
            lost[id] = "no row"
        elif columns := [name for name in COMPARED if row[name] != found[id][name]]:
            lost[id] = f"{columns[0]}: {found[id][columns[0]]!r:.80}, not {row[columns[0]]!r:.80}"
    return lost


def usable_answers(entries: Iterable[Mapping[str, Any]]) -> Counter[int]:
    """Usable answers to the API request of each workflow, from lines of the access log."""
    return Counter(
        entry["id"]
        for entry in entries
        if entry["host"] == "api"
        and entry["id"] is not None
        and entry["status"] == 200
        and entry.get("fault", "slow") in _HARMLESS_FAULTS
    )


def fetched_again(once: Mapping[int, int], entries: Iterable[Mapping[str, Any]]) -> int:
    """Answers beyond those of the undisturbed crawl."""
    return sum(max(0, count - once.get(id, 0)) for id, count in usable_answers(entries).items())
