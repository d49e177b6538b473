"""Whether the files of a run agree with each other: what was judged, by which criteria, what became of the workflows.
Pure. Nobody has to believe a verdict that the folder itself can refute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isclose

from n8n_scraper.printable import printable
from n8n_scraper.scale.conditions import Conditions
from n8n_scraper.scale.criteria import NOT_APPLICABLE, RED, Criterion, Verdict, criteria
from n8n_scraper.scale.dataset import GOOD_QUALITY
from n8n_scraper.scale.run_folder import CUT, FIGURES, OUTCOMES, VERDICTS, Outcome, RunFolder, VerdictRow

WITHOUT_MEMBERS = frozenset({"completeness", "good_quality", "columns"})
"""Do not apply to workflows asked for again none of which is of that kind."""
_NO_DATA = f"no data: not in {VERDICTS}"


def judged_again(found: RunFolder) -> list[VerdictRow]:
    """A row a declared criterion, with its bounds and the zone that follows from the figure; none without verdicts."""
    if not found.verdicts:
        return []
    told = {one["name"]: one for one in found.verdicts}
    return [_row(found, criterion, told.get(criterion.name)) for criterion in criteria(_size(found))]


def _row(found: RunFolder, criterion: Criterion, told: VerdictRow | None) -> VerdictRow:
    if told is None:
        return Verdict(criterion, None, RED, _NO_DATA).as_row()
    is_apart = told["zone"] == NOT_APPLICABLE and _may_not_apply(found, told)
    zone = NOT_APPLICABLE if is_apart else criterion.zone(told["figure"])
    return Verdict(criterion, told["figure"], zone, told["reason"]).as_row()


def contradictions(found: RunFolder) -> Iterator[str]:
    """Each in words. Of a run that goes on, or left no verdicts, only what is there."""
    if found.verdicts:
        yield from _names(found)
        yield from _zones(found)
    if found.is_cut:
        yield f"{OUTCOMES} {CUT}"
    if found.verdicts or found.outcomes:
        yield from _ids(found)
        yield from _figures(found)


def _names(found: RunFolder) -> Iterator[str]:
    declared = [one.name for one in criteria(_size(found))]
    told = [one["name"] for one in found.verdicts]
    if absent := [name for name in declared if name not in told]:
        yield f"{VERDICTS} has no verdict on {', '.join(absent)}"
    if extra := sorted(set(told) - set(declared)):
        yield f"{VERDICTS} has verdicts on what is no criterion: {printable(', '.join(extra))}"
    if twice := sorted({name for name in told if told.count(name) > 1}):
        yield f"{VERDICTS} has more than one verdict on {printable(', '.join(twice))}"


def _zones(found: RunFolder) -> Iterator[str]:
    again = {one["name"]: one for one in judged_again(found)}
    for told in found.verdicts:
        row = again.get(told["name"])
        if row and told["zone"] != row["zone"]:
            zone = printable(told["zone"])
            yield f"{VERDICTS} calls {told['name']} {zone}, but {_shown(told['figure'])} is {row['zone']}"


def _may_not_apply(found: RunFolder, told: VerdictRow) -> bool:
    """The conditions of the run, or a figure that nobody could measure, are the reason."""
    name, run = told["name"], found.run
    is_again = bool(run.get("again"))
    by_conditions = _conditions(found).not_applicable(_size(found))
    reasons = {*by_conditions, "stage_gap", *(WITHOUT_MEMBERS if is_again else ())}
    has_figure = name not in by_conditions and found.figures.get(name) is not None
    return told["figure"] is None and name in reasons and not has_figure


def _conditions(found: RunFolder) -> Conditions:
    run = found.run
    rate, clock, layers = run.get("rate", 0.0), run.get("clock", 1.0), run.get("layers", "")
    return Conditions(rate=rate, clock=clock, layers=layers, is_again=bool(run.get("again")))


def _ids(found: RunFolder) -> Iterator[str]:
    size, ids = _size(found), [one["id"] for one in found.outcomes]
    if OUTCOMES in found.missing:
        yield f"{OUTCOMES} is not in the folder: nothing shows what the verdicts are about"
    elif len(ids) != size:
        yield f"{OUTCOMES} has {len(ids):,} workflows, the run has {size:,}"
    if len(set(ids)) != len(ids):
        yield f"{OUTCOMES} has {len(ids) - len(set(ids)):,} workflows more than once"


def _figures(found: RunFolder) -> Iterator[str]:
    """Those that the outcomes tell too are theirs, and all are the same in both files."""
    told = {one["name"]: one["figure"] for one in found.verdicts}
    apart = {one["name"] for one in found.verdicts if one["zone"] == NOT_APPLICABLE}
    recounted = {} if OUTCOMES in found.missing else _recounted(found)
    unsaid = apart & _conditions(found).not_applicable(_size(found)).keys()
    for file, figures in ((VERDICTS, told), (FIGURES, found.figures)):
        for name in sorted(recounted.keys() & figures.keys()):
            if not (file == VERDICTS and name in unsaid) and not _is_same(figures[name], recounted[name]):
                yield f"{name} is {_shown(figures[name])} in {file}, but {_shown(recounted[name])} by {OUTCOMES}"
    if FIGURES not in found.missing:
        for name, figure in told.items():
            if name not in apart and not _is_same(figure, found.figures.get(name)):
                other = _shown(found.figures.get(name))
                yield f"{printable(name)} is {_shown(figure)} in {VERDICTS}, but {other} in {FIGURES}"


def _recounted(found: RunFolder) -> Mapping[str, float | None]:
    """What figures.py counts in the rows, counted in their outcomes."""
    outcomes = found.outcomes
    possible = [one for one in outcomes if one["expected_status"] == "complete"]
    complete = sum(one["crawl_status"] == "complete" for one in possible)
    good = [one for one in outcomes if one["group"] != "edge" and not one["expected_error_kind"]]
    seconds = [one["service_seconds"] for one in outcomes if one["service_seconds"] is not None]
    with_row = sum(one["crawl_status"] is not None for one in outcomes)
    was_killed = len(found.run.get("exit_codes") or ()) > 1
    return {
        "completeness": _share(complete, len(possible)),
        "classification": _share(sum(map(_became_expected, outcomes)), len(outcomes)),
        "good_quality": _share(sum((one["quality_score"] or 0) >= GOOD_QUALITY for one in good), len(good)),
        "service_seconds": sum(seconds) / len(seconds) if seconds else None,
        "watchdog": float(sum("WORKFLOW_TIMEOUT" in (one["error"] or "") for one in outcomes)),
        "resumed": _share(with_row, _size(found)) if was_killed else None,
    }


def _became_expected(one: Outcome) -> bool:
    is_so = (one["crawl_status"], one["error_kind"]) == (one["expected_status"], one["expected_error_kind"])
    return is_so and one["is_as_expected"]


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _is_same(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else isclose(one, other, abs_tol=1e-9)


def _shown(figure: float | None) -> str:
    return "no figure" if figure is None else f"{figure:.6g}"


def _size(found: RunFolder) -> int:
    return found.run.get("size", 0)
