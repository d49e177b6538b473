"""The stages: opt-in layers that are fetched once a row is stored. How what they bring gets into the row. Pure.

A stage reads an inventory of the row (``images``, ``videos``), keeps what it fetched by address or id in a table of its
own, and fills columns from there. Its failure is told as ``error`` with the stage's name before it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.items import LAYERS, STAGES, WorkflowItem


def decided(item: WorkflowItem, inventory: Collection[Any] | None) -> str | None:
    """The status of a stage for which nothing need be fetched; None where something must.

    ``inventory`` is what of the row the stage would fetch; None where the row has no layer 3.
    """
    if item.gone_at is not None:
        return "gone"
    if inventory is None:
        status = getattr(item, LAYERS[3])
        return status if status in {"failed", "blocked", "disallowed"} else "missing"
    return None if inventory else "missing"


def note_outcome(item: WorkflowItem, stage: str, status: str, failure: UnusableAnswer | None = None) -> None:
    """Put the outcome of a stage into the row; what failed before, in a layer that is not a stage, is not hidden."""
    setattr(item, STAGES[stage], status)
    if item.error is None or item.error.startswith(f"{stage}: "):
        item.error_kind = failure.kind if failure else None
        item.error = f"{stage}: {failure.reason}" if failure else None


def failed_stage(item: WorkflowItem) -> str | None:
    """The stage that the row's error is about."""
    name = (item.error or "").partition(": ")[0]
    return name if name in STAGES else None


def waits_for_stages(item: WorkflowItem, stages: Collection[str]) -> bool:
    """Whether an item that is about to be stored has stages before it; one that our own fault took away has none."""
    return any(getattr(item, STAGES[stage]) is None for stage in stages)


def is_refused(item: WorkflowItem) -> bool:
    """Who refused is asked once more by the next run of the job, never by this one."""
    return item.error_kind == "blocked" or any(getattr(item, column) == "blocked" for column in STAGES.values())
