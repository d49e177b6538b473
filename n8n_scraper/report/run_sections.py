"""Sections of a run's report: checks, outcomes, quality, completeness. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from n8n_scraper import stats
from n8n_scraper.checks import Judged
from n8n_scraper.completeness import BOOKKEEPING, MUST_HAVE
from n8n_scraper.failures import KINDS
from n8n_scraper.items import COLUMN_NAMES, CRAWL_STATUSES, LAYER_STATUSES, QUALITY_BANDS, STAGES
from n8n_scraper.report.document import (
    Bars,
    Block,
    Figure,
    Figures,
    NoData,
    Part,
    Section,
    Stacks,
    Table,
    Text,
    Tone,
    Value,
    columns,
)
from n8n_scraper.report.measures import percentile, score_classes
from n8n_scraper.report.run_data import RunData, Visited

TONES: dict[str, Tone] = {
    "ok": "good",
    "complete": "good",
    "new": "good",
    "excellent": "good",
    "back": "good",
    "missing": "plain",
    "good": "plain",
    "changed": "plain",
    "unchanged": "quiet",
    "partial": "warn",
    "gone": "quiet",
    "skipped": "quiet",
    "disallowed": "warn",
    "poor": "warn",
    "blocked": "warn",
    "failed": "bad",
}
_SCORE_TONES: tuple[Tone, ...] = ("warn",) * 4 + ("plain",) * 4 + ("good",) * 2
"""Of ten classes of scores: poor, good, excellent."""
LISTED = 50
"""Rows of a table of workflows; report.json has all ids."""
_OPTIONAL = tuple(name for name in COLUMN_NAMES if name not in {*MUST_HAVE, *BOOKKEEPING})
_SIGNS = {"<=": "≤", ">=": "≥"}
_CHECK_COLUMNS = columns(
    check="Check", value=("Is", "number"), threshold=("Must be", "word"), verdict=("Verdict", "word"), about="About"
)
_FAILURE_COLUMNS = columns(kind="Kind", count=("Workflows", "count"), origin="From", ids=("Ids to look at", "ids"))
_WORKFLOW_COLUMNS = columns(
    id="Id", name="Title", status="Row", kind="Failure", error="What happened", attempts=("Attempts", "count")
)
_COUNT_COLUMNS = columns(what="What", count=("Workflows", "count"), ids=("Ids", "ids"))
_LEFT_COLUMNS = columns(reason="Why", count=("Workflows", "count"), until=("Not before", "moment"), ids=("Ids", "ids"))
_LAYER_NAMES = ("1 metadata", "2 workflow JSON", "3 explainer")
NO_ROWS = "The store could not be asked what the run did with each workflow."


def checks_section(judged: Sequence[Judged]) -> Section:
    tones: dict[str, Tone] = {"passed": "good", "failed": "bad", "not judged": "quiet"}
    rows = tuple(map(_check_row, judged))
    caption = "Declared checks; N8N_SCRAPER_CHECKS moves a threshold or turns one off"
    table = Table(
        "checks", caption, _CHECK_COLUMNS, rows, "All are turned off.", tuple(tones[one.verdict] for one in judged)
    )
    return Section("checks", "Checks", (table,))


def _check_row(one: Judged) -> tuple[Value, ...]:
    must_be = f"{_SIGNS[one.check.comparison]} {one.check.threshold:g}"
    about = f"{one.check.meaning}; {one.reason}" if one.reason else one.check.meaning
    return one.check.name, one.value, must_be, one.verdict, about


def outcomes_section(run: RunData) -> Section:
    if run.visits is None:
        return Section("outcomes", "Outcomes", (NoData("rows", "Outcomes", NO_ROWS),))
    rows = [
        ("this run", parts(CRAWL_STATUSES, Counter(visit.outcome.status for visit in run.visits))),
        ("row", parts(CRAWL_STATUSES, Counter(visit.crawl_status for visit in run.visits))),
    ]
    for index, name in enumerate(_LAYER_NAMES):
        rows.append((name, parts(LAYER_STATUSES, Counter(visit.layer_statuses[index] for visit in run.visits))))
    for index, stage in enumerate(STAGES):
        seen = [visit.stage_statuses[index] for visit in run.visits]
        if any(seen) or stage in (run.arguments.get("layers") or ()):
            rows.append((stage, parts(LAYER_STATUSES, Counter(status or "skipped" for status in seen))))
    stacks = Stacks(
        "statuses", "Workflows by what this run got, by the status of their row, and of each layer", tuple(rows)
    )
    tables = (_failure_table(run.visits), _to_look_at(run.visits), *_withheld(run))
    return Section("outcomes", "Outcomes", (stacks, *tables))


def _withheld(run: RunData) -> Iterator[Table]:
    ids = tuple(int(word) for word in str(run.stats.get(stats.DRIFT_WITHHELD_IDS) or "").split(",") if word.isdigit())
    if ids:
        caption = "Withheld: their answers lacked what answers always had, and nothing of them was stored"
        yield Table("withheld", caption, _COUNT_COLUMNS, (("left to a later run", len(ids), ids),))


def left_section(run: RunData) -> Section:
    standing = run.standing
    if standing is None:
        return Section("left", "Left undone", (NoData("left", "What is left of its job", NO_ROWS),))
    if not standing.is_last_of_job:
        return Section("left", "Left undone", (Text(("A later run went on with its job, or the job was deleted.",)),))
    rows = tuple((group.reason, group.workflows, group.until, tuple(group.ids)) for group in standing.left)
    table = Table("left", "What is left of its job, and why", _LEFT_COLUMNS, rows, "Nothing.")
    return Section("left", "Left undone", (table,))


def parts(names: Iterable[str], counts: Mapping[str, int]) -> tuple[Part, ...]:
    return tuple(Part(name, counts.get(name, 0), TONES.get(name, "plain")) for name in names)


def _failure_table(visits: Sequence[Visited]) -> Table:
    by_kind: dict[str, list[int]] = {}
    for visit in visits:
        if visit.error_kind:
            by_kind.setdefault(visit.error_kind, []).append(visit.id)
    rows = tuple(
        (kind, len(ids), _origin(kind), tuple(sorted(ids)))
        for kind, ids in sorted(by_kind.items(), key=lambda pair: -len(pair[1]))
    )
    tones: tuple[Tone, ...] = tuple("quiet" if row[0] == "gone" else "warn" for row in rows)
    return Table("failures", "Failures by kind", _FAILURE_COLUMNS, rows, "None failed.", tones)


def _origin(kind: str) -> str:
    return KINDS[kind].origin if kind in KINDS else ""


def _to_look_at(visits: Sequence[Visited]) -> Table:
    bad = [visit for visit in visits if visit.error_kind not in (None, "gone")]
    rows = tuple(
        (str(visit.id), visit.name, visit.crawl_status, visit.error_kind, visit.error, visit.attempt_count)
        for visit in sorted(bad, key=lambda visit: visit.id)[:LISTED]
    )
    caption = "Workflows whose crawl ended with a failure" + (f", the first {LISTED}" if len(bad) > LISTED else "")
    return Table("failed_workflows", caption, _WORKFLOW_COLUMNS, rows, "There is none.")


def quality_section(run: RunData) -> Section:
    scores = [visit.quality_score for visit in run.visits or () if visit.quality_score is not None]
    if not scores:
        return Section("quality", "Quality", (NoData("scores", "Quality", "No row with content came in this run."),))
    best, good = QUALITY_BANDS["excellent"], QUALITY_BANDS["good"]
    labels = [f"{low}–{low + 9 if low < 90 else 100}" for low in range(0, 100, 10)]
    classes = zip(labels, score_classes(scores), _SCORE_TONES, strict=True)
    bars = tuple(Part(label, count, tone) for label, count, tone in classes)
    figures = (
        Figure("scored", "scored", len(scores)),
        Figure("median", "median", percentile(scores, 0.5), "number"),
        Figure("p05", "p5", percentile(scores, 0.05), "number"),
        Figure(
            "excellent", f"excellent (from {best:g})", sum(score >= best for score in scores) / len(scores), "share"
        ),
        Figure("poor", f"poor (under {good:g})", sum(score < good for score in scores) / len(scores), "share"),
    )
    chart = Bars("distribution", "Workflows by quality score", "count", bars, upright=True)
    return Section("quality", "Quality", (Figures("summary", figures), chart))


def completeness_section(run: RunData) -> Section:
    rows = run.number(stats.COLUMN_ROW_COUNT)
    if not rows:
        why = "No row with content came in this run." if run.stats else "The run left no stats: it has no end."
        return Section("completeness", "Completeness", (NoData("columns", "Completeness", why),))
    must = tuple(
        Part(column, share, "good" if share >= 0.95 else "bad")
        for column in MUST_HAVE
        if (share := run.number(stats.COMPLETENESS.format(column))) is not None
    )
    filled = run.numbers(stats.COLUMN_FILLED_COUNT)
    others = tuple(Part(column, filled.get(column, 0) / rows) for column in _OPTIONAL)
    expected = "Columns that must have a value: share of the rows whose source has it"
    rest = f"Other columns: share of the {rows:,.0f} rows with content that are not empty"
    judged: Block = Bars("must_have", expected, "share", must, of=1)
    if not must:
        judged = NoData("must_have", expected, "The stats have none of them.")
    charts = (judged, Bars("others", rest, "share", others, of=1))
    return Section("completeness", "Completeness", charts)
