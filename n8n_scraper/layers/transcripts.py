"""What was said in the videos of a workflow: the column ``transcripts`` and its layer's status. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from n8n_scraper.redaction.text import find_secrets, without

PLATFORM = "youtube"
"""The only one whose transcripts can be had."""
MAX_TEXT = 1_000_000
"""Characters of one transcript that are kept: twenty hours of talk."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Transcript(NamedTuple):
    """Of one video, as the store keeps it; ``status`` is a name of ``transcripts.outcomes.STATUSES``."""

    video_id: str
    status: str
    language: str | None = None
    is_generated: bool | None = None
    text: str | None = None
    error_kind: str | None = None
    error: str | None = None

    def row(self) -> dict[str, Any]:
        """As the column has it."""
        return {name: getattr(self, name) for name in ("video_id", "status", "language", "is_generated", "text")}


def video_ids(videos: Iterable[Mapping[str, Any]]) -> list[str]:
    """Videos of an inventory that may have a transcript, in their order and once each."""
    return list(dict.fromkeys(video["video_id"] for video in videos if video["platform"] == PLATFORM))


def join_lines(lines: Iterable[str], *, redact: bool) -> str:
    """Captions as one running text: where a line of them ends says nothing about the sentence."""
    text = _UNSTORABLE.sub("\ufffd", " ".join(" ".join(lines).split()))[:MAX_TEXT]
    return without(text, find_secrets(text)) if redact else text


def layer_status(transcripts: Collection[Transcript]) -> str:
    """Of the layer, from those of its videos: what is still due counts more than what is there."""
    statuses = {transcript.status for transcript in transcripts}
    for status in ("blocked", "failed", "ok"):
        if status in statuses:
            return status
    return "missing"
