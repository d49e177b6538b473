"""What a scale run has to reach, declared as data, and the verdict on what was measured. Pure.

Three zones: ``target`` and ``acceptable`` are bounds, everything beyond is ``red``. No figure for a criterion is red
too: what nobody measured did not succeed. Where a criterion makes no sense for a run it is ``not applicable``, which
the run has to say beforehand, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

TARGET, ACCEPTABLE, RED, NOT_APPLICABLE = "target", "acceptable", "red", "not applicable"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """``is_least``: the figure must reach the bounds; else it must not exceed them."""

    name: str
    meaning: str
    unit: str
    target: float
    acceptable: float
    is_least: bool = False

    def zone(self, figure: float | None) -> str:
        if figure is None:
            return RED
        if self._holds(figure, self.target):
            return TARGET
        return ACCEPTABLE if self._holds(figure, self.acceptable) else RED

    def _holds(self, figure: float, bound: float) -> bool:
        return figure >= bound if self.is_least else figure <= bound


@dataclass(frozen=True)
class Verdict:
    criterion: Criterion
    figure: float | None
    zone: str
    reason: str = ""
    """Why it is not applicable."""


def _least(name: str, meaning: str, target: float, acceptable: float, unit: str = "%") -> Criterion:
    return Criterion(name=name, meaning=meaning, unit=unit, target=target, acceptable=acceptable, is_least=True)


def _most(name: str, meaning: str, target: float, acceptable: float, unit: str) -> Criterion:
    return Criterion(name=name, meaning=meaning, unit=unit, target=target, acceptable=acceptable)


LISTED_COLUMNS = ("name", "url", "author_name", "categories", "created_at", "views", "description", "node_types")
"""Columns that every complete row of a good workflow has."""


def criteria(size: int) -> tuple[Criterion, ...]:
    """All criteria for a run of this size; the bounds of service time and memory grow with it."""
    service, memory = ((30, 60), (2000, 2000)) if size >= 1000 else ((10, 20), (1000, 1000))
    return (
        _least("completeness", "complete rows of those that can be", 95, 90),
        _least("classification", "workflows that became what was expected", 100, 99),
        _least("good_quality", "good workflows with a score of 80 or more", 100, 99),
        _least("columns", f"filled of {', '.join(LISTED_COLUMNS)} in complete rows", 100, 98),
        _most("service_seconds", "mean seconds of service of a workflow, without waits", *service, "s"),
        _least("workflows_per_hour", "workflows an hour", 100, 100, "1/h"),
        _most("unplanned_429", "429 answers that no fault plan asked for", 0, 0, "answers"),
        _most("peak_memory", "largest resident memory of the crawler", *memory, "MB"),
        _most("store_query_p95", "95th percentile of the crawler's transactions", 100, 250, "ms"),
        _least("exports", "exports that are valid and equal row by row", 4, 4, "files"),
        _least("retries", "workflows whose fault passes and that were asked again until it had", 100, 100),
        _least("resumed", "workflows with a row after a kill -9 in the middle and a resume", 100, 100),
        _most("stored_twice", "workflows committed twice", 0, 0, "rows"),
        _most("watchdog", "workflows ended by WORKFLOW_TIMEOUT", 0, 4, "workflows"),
        _most("busiest_second", "most requests in any second", 3, 3, "requests"),
        _most("busiest_ten_seconds", "most requests in any ten seconds", 21, 21, "requests"),
    )


def judge(
    wanted: Iterable[Criterion], figures: Mapping[str, float | None], not_applicable: Mapping[str, str]
) -> Iterator[Verdict]:
    """One verdict a criterion; ``not_applicable`` gives the reason by name."""
    for criterion in wanted:
        if reason := not_applicable.get(criterion.name):
            yield Verdict(criterion, None, NOT_APPLICABLE, reason)
        else:
            figure = figures.get(criterion.name)
            yield Verdict(criterion, figure, criterion.zone(figure))


def is_passed(verdicts: Iterable[Verdict]) -> bool:
    return all(verdict.zone != RED for verdict in verdicts)


def verdict_table(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """As Markdown, a line a criterion."""
    yield "| criterion | figure | target | acceptable | zone |"
    yield "|---|---|---|---|---|"
    for verdict in verdicts:
        criterion = verdict.criterion
        sign = "≥" if criterion.is_least else "≤"
        figure = "no data" if verdict.figure is None else f"{verdict.figure:.4g} {criterion.unit}"
        shown = verdict.reason if verdict.zone == NOT_APPLICABLE else figure
        bounds = f"{sign} {criterion.target:g} | {sign} {criterion.acceptable:g}"
        yield f"| {criterion.meaning} | {shown} | {bounds} | {verdict.zone} |"
