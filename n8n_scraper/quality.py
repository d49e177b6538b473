"""Rules → score and reasons. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from n8n_scraper.items import WorkflowItem


class Quality(NamedTuple):
    score: float | None
    """0 to 100; None without content."""
    band: str | None
    missing: list[str]
    """What cost points."""


class Rule(NamedTuple):
    points: int
    reason: str
    holds: Callable[[WorkflowItem], bool]


LAYER_RULES: tuple[tuple[Rule, ...], ...] = (
    (Rule(100, "no name", lambda item: bool(item.name)),),
    (Rule(100, "no nodes", lambda item: bool(item.node_count)),),
    (Rule(100, "no description", lambda item: bool(item.description)),),
    (Rule(100, "no edges", lambda item: bool(item.connection_count)),),
)


def score(item: WorkflowItem, weights: Sequence[float]) -> Quality:
    if item.content_hash is None:
        return Quality(None, None, [])
    return Quality(0.0, "poor", [])
