"""What a scale run has to reach, declared as data, and the verdict on what was measured. Pure.

Three zones: ``target`` and ``acceptable`` are bounds, everything beyond is ``red``. No figure for a criterion is red
too: what nobody measured did not succeed. Where a criterion makes no sense for a run it is ``not applicable``, with
the reason.

The task names three numbers for some (completeness 95 / 90 / 85 %): what is good, what is still acceptable, and what
is bad in any case. What lies between the last two (87 %, 7 interventions of the watchdog, a gap of 700 ms) is not
acceptable, so it is red here: the strict reading. Where it names one number, that is the bound of both zones.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from n8n_scraper.scale.run_folder import VerdictRow

TARGET, ACCEPTABLE, RED, NOT_APPLICABLE = "target", "acceptable", "red", "not applicable"
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "≤": operator.le,
    ">": operator.gt,
    "≥": operator.ge,
}


@dataclass(frozen=True)
class Criterion:
    """``is_least``: the figure must reach the bounds, else it must not exceed them; ``is_strict``: nor be equal."""

    name: str
    meaning: str
    unit: str
    target: float
    acceptable: float
    is_least: bool = False
    is_strict: bool = False

    def zone(self, figure: float | None) -> str:
        if figure is None:
            return RED
        if self._holds(figure, self.target):
            return TARGET
        return ACCEPTABLE if self._holds(figure, self.acceptable) else RED

    def _holds(self, figure: float, bound: float) -> bool:
        return _COMPARISONS[self.sign](figure, bound)

    @property
    def sign(self) -> str:
        if self.is_strict:
            return ">" if self.is_least else "<"
        return "≥" if self.is_least else "≤"


@dataclass(frozen=True)
class Verdict:
    criterion: Criterion
    figure: float | None
    zone: str
    reason: str = ""
    """Why it is not applicable, or what the figure is of."""

    def as_row(self) -> VerdictRow:
        one = self.criterion
        return VerdictRow(
            name=one.name,
            meaning=one.meaning,
            unit=one.unit,
            figure=self.figure,
            target=one.target,
            acceptable=one.acceptable,
            is_least=one.is_least,
            is_strict=one.is_strict,
            zone=self.zone,
            reason=self.reason,
        )


def _least(
    name: str, meaning: str, target: float, acceptable: float | None = None, unit: str = "%", *, is_strict: bool = False
) -> Criterion:
    acceptable = target if acceptable is None else acceptable
    return Criterion(name, meaning, unit, target, acceptable, is_least=True, is_strict=is_strict)


def _most(
    name: str, meaning: str, unit: str, target: float, acceptable: float | None = None, *, is_strict: bool = False
) -> Criterion:
    acceptable = target if acceptable is None else acceptable
    return Criterion(name, meaning, unit, target, acceptable, is_strict=is_strict)


LISTED_COLUMNS = ("name", "url", "author_name", "categories", "created_at", "views", "description", "node_types")
"""Columns that every complete row of a good workflow has."""


def criteria(size: int) -> tuple[Criterion, ...]:
    """All criteria for a run of this size; the bounds of service time and memory grow with it."""
    service, memory = (30, 2000) if size >= 1000 else (10, 1000)
    columns = f"rows of good workflows with a value, in the worst of {', '.join(LISTED_COLUMNS)}"
    return (
        _least("completeness", "complete rows of those that can be", 95, 90),
        _least("classification", "workflows that became what was expected", 100, 99),
        _least("good_quality", "good workflows with a score of 80 or more", 100),
        _least("columns", columns, 100, 98),
        _most("service_seconds", "mean seconds of service of a workflow, without waits", "s", service, is_strict=True),
        _least("workflows_per_hour", "workflows an hour", 100, unit="1/h", is_strict=True),
        _most("unplanned_429", "429 answers that no fault plan asked for", "answers", 0),
        _most("peak_memory", "largest resident memory of the crawler", "MB", memory, is_strict=True),
        _most("store_query_p95", "95th percentile of the crawler's transactions", "ms", 100, is_strict=True),
        _least("exports", "exports that are valid and equal row by row", 4, unit="files"),
        _least("retries", "workflows asked for exactly as often as the plan of their faults says", 100),
        _most(
            "breaker", "openings of the circuit breaker in the outage, more or fewer than the one planned", "times", 0
        ),
        _least("resumed", "workflows with a row after a kill -9 in the middle and a resume", 100),
        _most("stored_twice", "workflows committed twice", "rows", 0),
        _most("exit_code", "exit code of the crawl that ended by itself", "", 0),
        _most("watchdog", "workflows ended by WORKFLOW_TIMEOUT", "workflows", 0, 4),
        _most(
            "stage_gap",
            "95th percentile of the time that a stage did not begin beside another, with a place free at its host",
            "ms",
            100,
            500,
            is_strict=True,
        ),
        _most("busiest_second", "most requests to the two hosts in any second", "requests", 3),
        _most("busiest_ten_seconds", "most requests to the two hosts in any ten seconds", "requests", 21),
    )


def judge(
    wanted: Iterable[Criterion],
    figures: Mapping[str, float | None],
    not_applicable: Mapping[str, str],
    notes: Mapping[str, str] | None = None,
) -> Iterator[Verdict]:
    """One verdict a criterion; ``not_applicable`` gives the reason by name, ``notes`` what a figure is of."""
    for criterion in wanted:
        if reason := not_applicable.get(criterion.name):
            yield Verdict(criterion, None, NOT_APPLICABLE, reason)
        else:
            figure = figures.get(criterion.name)
            yield Verdict(criterion, figure, criterion.zone(figure), (notes or {}).get(criterion.name, ""))


def is_passed(verdicts: Iterable[Verdict]) -> bool:
    return all(verdict.zone != RED for verdict in verdicts)


def verdict_table(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """As Markdown, a line a criterion."""
    yield "| criterion | figure | target | acceptable | zone |"
    yield "|---|---|---|---|---|"
    for verdict in verdicts:
        criterion = verdict.criterion
        figure = "no data" if verdict.figure is None else f"{verdict.figure:.4g} {criterion.unit}"
        note = f" ({verdict.reason})" if verdict.reason else ""
        shown = verdict.reason if verdict.zone == NOT_APPLICABLE else figure + note
        bounds = f"{criterion.sign} {criterion.target:g} | {criterion.sign} {criterion.acceptable:g}"
        yield f"| {criterion.meaning} | {shown} | {bounds} | {verdict.zone} |"
