"""What each run did with each workflow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from n8n_scraper.items import LAYERS, STAGES, WorkflowItem
from n8n_scraper.report.run_data import Visited
from n8n_scraper.stages import failed_stage
from n8n_scraper.store.merge import Decision

_COLUMNS = (
    "id, committed_at, crawl_status, layer1_status, layer2_status, layer3_status, content, turn, error_kind, error,"
    " quality_score, attempt_count, request_count, service_seconds"
)
_STAGES = ", ".join(STAGES.values())
_NOTE_STAGES = f"""
    insert into run_workflows as r (run_id, id, committed_at, crawl_status, layer1_status, layer2_status, layer3_status,
        content, error_kind, error, attempt_count, request_count, service_seconds, {_STAGES}) values %s
    on conflict (run_id, id) do update set crawl_status = excluded.crawl_status,
        error_kind = coalesce(r.error_kind, excluded.error_kind), error = coalesce(r.error, excluded.error),
        {", ".join(f"{name} = excluded.{name}" for name in STAGES.values())}
"""  # noqa: S608 - our own names
"""A run that did nothing but the stages has no row yet: of the layers it saw nothing."""
_NOTE_TEMPLATE = f"(%s, %s, %s, %s, 'skipped', 'skipped', 'skipped', 'none', %s, %s, 0, 0, 0{', %s' * len(STAGES)})"


def record(
    cursor: Cursor,
    run_id: str,
    written: Iterable[tuple[WorkflowItem, Decision]],
    now: datetime,
) -> None:
    """Note rows that this transaction wrote, with the layer statuses that the run saw (``item.seen``).

    A row that the run wrote before failed since, in a pipeline of its stages.
    """
    rows = [(run_id, *_values(item, decision, now)) for item, decision in written]
    execute_values(
        cursor,
        f"insert into run_workflows (run_id, {_COLUMNS}) values %s on conflict (run_id, id) do update set"  # noqa: S608 - our own names
        " crawl_status = excluded.crawl_status, error_kind = excluded.error_kind, error = excluded.error",
        rows,
        page_size=max(1, len(rows)),
    )


def record_stages(
    cursor: Cursor, run_id: str, items: Sequence[WorkflowItem], stages: Collection[str], now: datetime
) -> None:
    """Note how the stages that were asked for ended for rows of this transaction."""
    rows = [(run_id, *_stage_values(item, stages, now)) for item in items]
    if rows:
        execute_values(cursor, _NOTE_STAGES, rows, template=_NOTE_TEMPLATE, page_size=len(rows))


def read(cursor: Cursor, run_id: str) -> list[Visited]:
    """All that a run committed, in the order of its commits."""
    cursor.execute(
        f"select {_of_r(_COLUMNS)}, c.name, {_of_r(_STAGES)}"  # noqa: S608 - our own names
        " from run_workflows r left join content c using (id) where run_id = %s order by committed_at, id",
        (run_id,),
    )
    layers, stages = 3 + len(LAYERS), -len(STAGES)
    rows = cursor.fetchall()
    return [Visited._make((*row[:3], row[3:layers], *row[layers:stages], row[stages:])) for row in rows]


def _of_r(names: str) -> str:
    return ", ".join(f"r.{name}" for name in names.split(", "))


class Gone(NamedTuple):
    asked: int
    gone: int

    @property
    def share(self) -> float | None:
        return round(self.gone / self.asked, 6) if self.asked else None


def count_gone(cursor: Cursor, run_id: str, among: Collection[int] | None) -> Gone:
    """Of the workflows ``among`` these that the run asked the site for, those that are gone.

    None: of all but those that were gone before, where nothing else tells whether they should be there.
    """
    cursor.execute(
        "select count(*), count(*) filter (where v.error_kind = 'gone') from run_workflows v"
        " join runs r using (run_id) join observed o on o.id = v.id where v.run_id = %(run_id)s and v.attempt_count > 0"
        " and (v.id = any(%(among)s::bigint[]) or (%(among)s::bigint[] is null"
        " and not coalesce(v.error_kind = 'gone' and o.gone_at < r.started_at, false)))",
        {"run_id": run_id, "among": None if among is None else list(among)},
    )
    return Gone(*cursor.fetchone())


def _values(item: WorkflowItem, decision: Decision, now: datetime) -> tuple[object, ...]:
    assert item.seen is not None
    return (
        *(item.id, now, item.crawl_status, *(item.seen[layer] for layer in LAYERS)),
        *(decision.outcome, decision.turn, item.error_kind, item.error),
        item.quality_score if item.source else None,
        *(item.attempt_count, item.request_count, item.service_seconds),
    )


def _stage_values(item: WorkflowItem, stages: Collection[str], now: datetime) -> tuple[object, ...]:
    """The row may have an error of another run's stage, which is not told here."""
    error = (item.error_kind, item.error) if failed_stage(item) in stages else (None, None)
    statuses = (getattr(item, column) if stage in stages else None for stage, column in STAGES.items())
    return (item.id, now, item.crawl_status, *error, *statuses)
