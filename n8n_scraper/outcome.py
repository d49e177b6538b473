"""What a run got of a workflow, whatever its row keeps from earlier runs. Pure.

A re-crawl that fails leaves a good row as it is; of the run it is a failure all the same. Progress, stats, metrics and
reports count this and never the row's ``crawl_status``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from n8n_scraper.items import STAGES, WorkflowItem
from n8n_scraper.stages import failed_stage
from n8n_scraper.store.merge import crawl_status


class Outcome(NamedTuple):
    status: str
    """Like ``crawl_status``, as if nothing had been stored before."""
    error_kind: str | None
    """Of what failed in this run."""
    is_failed: bool
    """One that is gone is settled."""


def outcome(layers: Iterable[str], stages: Iterable[str | None], error_kind: str | None) -> Outcome:
    """From the statuses that the run saw; None for a stage that was not asked for, or not got to."""
    seen = [status for status in (*layers, *stages) if status is not None]
    status = "failed" if error_kind == "internal" else crawl_status(seen)  # our own fault took it away, whatever came
    return Outcome(status, error_kind, error_kind not in {None, "gone"} or not {"failed", "blocked"}.isdisjoint(seen))


def outcome_of(item: WorkflowItem, stages: Collection[str]) -> Outcome:
    """Of an item that this run is done with; ``stages`` are those it asked for.

    Where it did nothing but stages, an error of another run's layers may be in the row.
    """
    is_ours = item.seen is not None or failed_stage(item) in stages
    asked = (getattr(item, STAGES[stage]) for stage in stages)
    return outcome((item.seen or {}).values(), asked, item.error_kind if is_ours else None)
