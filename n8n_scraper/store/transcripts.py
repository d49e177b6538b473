"""Transcripts in the store: one row a video, and the column of the workflows that show it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.items import ANSWERED, WorkflowItem
from n8n_scraper.layers.transcripts import Transcript, video_ids

_FIELDS = ", ".join(Transcript._fields)
_READ = f"select {_FIELDS} from transcripts where video_id = any(%s)"  # noqa: S608 - names of ours
_READ_STATE = f"""
    select {_FIELDS}, languages, job_id, attempt_count, not_before, asked_at from transcripts where video_id = %s
"""  # noqa: S608 - names of ours
_KEEP = f"""
    insert into transcripts ({_FIELDS}, languages, job_id, attempt_count, not_before)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (video_id) do update set status = excluded.status, language = excluded.language,
        is_generated = excluded.is_generated, text = excluded.text, error_kind = excluded.error_kind,
        error = excluded.error, languages = excluded.languages, job_id = excluded.job_id,
        attempt_count = excluded.attempt_count, not_before = excluded.not_before, asked_at = now()
"""  # noqa: S608 - names of ours


class Known(NamedTuple):
    """What an earlier request for a transcript left."""

    transcript: Transcript
    languages: tuple[str, ...]
    job_id: int | None
    attempt_count: int
    not_before: datetime | None
    asked_at: datetime


def read_known(cursor: Cursor, video_id: str) -> Known | None:
    cursor.execute(_READ_STATE, (video_id,))
    row = cursor.fetchone()
    if row is None:
        return None
    split = len(Transcript._fields)
    languages, *rest = row[split:]
    return Known(Transcript(*row[:split]), tuple(languages), *rest)


def keep(
    cursor: Cursor,
    transcript: Transcript,
    languages: Sequence[str],
    job_id: int,
    attempt_count: int = 0,
    not_before: datetime | None = None,
) -> None:
    cursor.execute(_KEEP, (*transcript, list(languages), job_id, attempt_count, not_before))


def read_wait(cursor: Cursor) -> datetime | None:
    """The time before which YouTube wants no more requests of ours, if it said so and that is still to come."""
    cursor.execute("select max(not_before) from transcripts where status = 'blocked' and not_before > now()")
    row = cursor.fetchone()
    return row[0] if row else None


def fill_transcripts(cursor: Cursor, items: Collection[WorkflowItem]) -> None:
    """Fill the column of items that carry their videos with what is known of these.

    A layer that was settled and no longer is, because a video has come to the workflow, was never asked for.
    """
    shown = {item.id: video_ids(item.videos) for item in items if item.videos is not None}
    cursor.execute(_READ, ([id for ids in shown.values() for id in ids],))
    known = {row[0]: Transcript(*row) for row in cursor.fetchall()}
    for item in items:
        if item.id not in shown:
            continue
        item.transcripts = [known[id].row() for id in shown[item.id] if id in known] or None
        if item.transcripts_status in ANSWERED and not known.keys() >= set(shown[item.id]):
            item.transcripts_status = "skipped"
