"""How a run stands now, and what is left of its job: the words that ``scrapy status`` and reports share. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Group(NamedTuple):
    """Workflows that share a reason: how many, the first of their ids, and until when they were put off."""

    reason: str
    workflows: int
    ids: list[int]
    until: datetime | None = None


class Standing(NamedTuple):
    told: str
    """Like ``dead: it never ended, and process 12 on here is gone; last sign of life 5 min ago``."""
    is_last_of_job: bool
    left: tuple[Group, ...]
    """Of the job, whose last run it is; empty where a later one went on."""
