"""Checkpoints of runs in the store."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, TypeVar

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import RealDictCursor

from n8n_scraper.progress import Breaker, Checkpoint, Limiter, Outcomes

T = TypeVar("T")
_NUMBERS = (
    *("total_workflows", "processed", "successful", "failed", "remaining"),
    *("avg_time", "eta_seconds", "last_workflow_id"),
)
_DOCUMENTS = ("limiter", "breaker", "outcomes")


def add(cursor: Cursor, run_id: str, checkpoint: Checkpoint) -> tuple[int, datetime]:
    """Its number, and its time by the store's clock. One that a crash of the server takes costs nothing."""
    names = ("run_id", *_NUMBERS, *_DOCUMENTS)
    documents = (json.dumps(asdict(getattr(checkpoint, name))) for name in _DOCUMENTS)
    cursor.execute("set local synchronous_commit = off")
    cursor.execute(
        f"insert into checkpoints ({', '.join(names)}) values %s returning checkpoint_id, taken_at",  # noqa: S608 - ours
        ((run_id, *(getattr(checkpoint, name) for name in _NUMBERS), *documents),),
    )
    id, taken_at = cursor.fetchone()
    return id, taken_at


def read_last(cursor: Cursor, run_id: str) -> Checkpoint | None:
    """The newest checkpoint of a run; None where it ended before it had one."""
    with cursor.connection.cursor(cursor_factory=RealDictCursor) as rows:
        rows.execute("select * from checkpoints where run_id = %s order by checkpoint_id desc limit 1", (run_id,))
        row = rows.fetchone()
    if row is None:
        return None
    return Checkpoint(
        checkpoint_id=row["checkpoint_id"],
        timestamp=row["taken_at"],
        limiter=_read(Limiter, row["limiter"]),
        breaker=_read(Breaker, row["breaker"]),
        outcomes=_read(Outcomes, row["outcomes"]),
        **{name: row[name] for name in _NUMBERS},
    )


def _read(type_: type[T], document: dict[str, Any]) -> T:
    """Fields that other code of ours wrote and this one does not know are left out."""
    known = {field.name for field in fields(type_)}  # type: ignore[arg-type]  # the three are dataclasses
    return type_(**{name: value for name, value in document.items() if name in known})
