"""What a load test found: figures with their thresholds, as a table, as JSON, and as one verdict.

A threshold without a figure does not hold: what nobody measured did not succeed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``threshold`` None: told, not judged. ``goal`` is what we aim for beyond it; missing that fails nothing."""

    name: str
    figure: float | None
    unit: str
    threshold: float | None = None
    is_least: bool = False
    """The figure must reach the threshold; else it must stay below."""
    goal: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        return self.threshold is None or self._keeps(self.threshold)

    @property
    def reaches_goal(self) -> bool | None:
        return None if self.goal is None else self._keeps(self.goal)

    def _keeps(self, bound: float) -> bool:
        if self.figure is None:
            return False
        return self.figure >= bound if self.is_least else self.figure < bound


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that so many of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


def table(findings: Iterable[Finding]) -> Iterator[str]:
    """As Markdown."""
    yield "| what | figure | threshold | goal | holds | note |"
    yield "|---|---|---|---|---|---|"
    for one in findings:
        sign = "≥" if one.is_least else "<"
        figure = "no data" if one.figure is None else f"{one.figure:.4g} {one.unit}"
        bound = "" if one.threshold is None else f"{sign} {one.threshold:g}"
        goal = "" if one.goal is None else f"{sign} {one.goal:g}{'' if one.reaches_goal else ' (missed)'}"
        holds = "" if one.threshold is None else "yes" if one.holds else "NO"
        yield f"| {one.name} | {figure} | {bound} | {goal} | {holds} | {one.note} |"


def is_passed(findings: Sequence[Finding]) -> bool:
    return bool(findings) and all(one.holds for one in findings)


def write(path: Path, findings: Sequence[Finding], details: Mapping[str, Any]) -> None:
    """As ``{passed, figures: [{name, figure, unit, threshold, holds, note, …}], load_average, details}``.

    Raises:
        StartError: it cannot be written there.
    """
    rows = [{**asdict(one), "holds": one.holds} for one in findings]
    found = {"passed": is_passed(findings), "figures": rows, "load_average": os.getloadavg()[0], "details": details}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1, default=str, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise StartError(f"{path}: the findings cannot be written there ({error.strerror}).") from None
