"""What each run did with each workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from n8n_scraper.items import WorkflowItem
from n8n_scraper.report.run_data import Visited
from n8n_scraper.store.merge import Decision

LayerStatuses = Mapping[int, str]

_COLUMNS = (
    "id, committed_at, crawl_status, layer1_status, layer2_status, layer3_status, content, turn, error_kind, error,"
    " quality_score, attempt_count, request_count, service_seconds"
)


def record(
    cursor: Cursor,
    run_id: str,
    written: Iterable[tuple[WorkflowItem, LayerStatuses, Decision]],
    now: datetime,
) -> None:
    """Note rows that this transaction wrote, with the layer statuses that the run saw."""
    rows = [(run_id, *_values(item, seen, decision, now)) for item, seen, decision in written]
    execute_values(
        cursor,
        f"insert into run_workflows (run_id, {_COLUMNS}) values %s on conflict do nothing",  # noqa: S608 - our own names
        rows,
        page_size=max(1, len(rows)),
    )


def read(cursor: Cursor, run_id: str) -> list[Visited]:
    """All that a run committed, in the order of its commits."""
    cursor.execute(
        f"select {', '.join(f'r.{name}' for name in _COLUMNS.split(', '))}, c.name"  # noqa: S608 - our own names
        " from run_workflows r left join content c using (id) where run_id = %s order by committed_at, id",
        (run_id,),
    )
    return [Visited._make((*row[:3], row[3:6], *row[6:])) for row in cursor.fetchall()]


def _values(item: WorkflowItem, seen: LayerStatuses, decision: Decision, now: datetime) -> tuple[object, ...]:
    return (
        *(item.id, now, item.crawl_status, *(seen[layer] for layer in sorted(seen))),
        *(decision.outcome, decision.turn, item.error_kind, item.error),
        item.quality_score if item.source else None,
        *(item.attempt_count or 0, item.request_count or 0, item.service_seconds or 0.0),
    )
