"""The report of one run: data → document. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from n8n_scraper import stats
from n8n_scraper.checks import Judged, judge, read_checks, shares
from n8n_scraper.exit_codes import CLOSE_REASONS
from n8n_scraper.items import CRAWL_STATUSES
from n8n_scraper.report.document import (
    Block,
    Document,
    Figure,
    Figures,
    NoData,
    Section,
    Stacks,
    Table,
    Text,
    Tone,
    columns,
)
from n8n_scraper.report.measures import percentile
from n8n_scraper.report.run_data import RunData, Visited
from n8n_scraper.report.run_sections import (
    LISTED,
    NO_ROWS,
    TONES,
    checks_section,
    completeness_section,
    left_section,
    outcomes_section,
    parts,
    quality_section,
)
from n8n_scraper.report.run_timing import politeness_section, throughput_section, time_section
from n8n_scraper.report.wording import duration

_JUDGED = frozenset({"finished", "check_failed", "put_off", "blocked"})
"""Close reasons of crawls that judged their checks."""
LIMITS = (
    "Whether the site has templates that are in neither its sitemap nor its listing.",
    "Whether a workflow that failed would have come at another time; scrapy report --ids failed lists them.",
    "Whether a null price was free: null is unknown, and its JSON is not published.",
    "Service time ends when the answers are read and the row is made: storing it is told apart, waiting too.",
    "Rates are counted by the crawler; what the site counted is in its log only. A replica says nothing about the real"
    " site's latency and behaviour under load.",
    "Titles are those stored today; all other figures are as the run left them.",
    "Stats of a run that was killed are gone with it, but for those of its last checkpoint; its rows are not.",
)


def run_report(run: RunData) -> Document:
    run = replace(run, stats={**shares(run.stats), **run.stats})
    judged = judge_run(run)
    tone, verdict = _verdict(run, judged)
    return Document(
        kind="run",
        title=f"Run {run.run_id}",
        verdict=verdict,
        tone=tone,
        sections=(
            _summary(run),
            checks_section(judged) if run.stats and run.ended_at else _no_checks(),
            outcomes_section(run),
            left_section(run),
            time_section(run),
            throughput_section(run),
            politeness_section(run),
            quality_section(run),
            completeness_section(run),
            _changes(run),
            _about(run),
            Section("limits", "What the figures cannot tell", (Text(LIMITS),)),
        ),
    )


def judge_run(run: RunData) -> list[Judged]:
    """The checks that were in force for the run. One that ended early has no stat that only an end makes."""
    try:
        checks = read_checks(str(run.settings.get("N8N_SCRAPER_CHECKS", "")))
    except ValueError:  # of a version that had other checks
        checks = read_checks("")
    judged = [_with_fields(judge(check, run.stats), run) for check in checks] if run.stats else []
    if run.close_reason in _JUDGED:
        return judged
    return [one._replace(verdict="not judged") if one.value is None else one for one in judged]


def _with_fields(one: Judged, run: RunData) -> Judged:
    """The check of the structure names the fields that are missing."""
    fields = run.stats.get(stats.DRIFT_FIELDS)
    if one.check.stat != stats.DRIFT_COUNT or not fields:
        return one
    withheld = run.number(stats.DRIFT_WITHHELD_COUNT) or 0
    return one._replace(reason=f"missing: {fields}; {withheld:.0f} workflows are left to a later run")


def _no_checks() -> Section:
    return Section("checks", "Checks", (NoData("checks", "Checks", "The run left no stats: it has no end."),))


def _verdict(run: RunData, judged: Sequence[Judged]) -> tuple[Tone, str]:
    if run.ended_at is None:
        return "warn", _without_end(run)
    meaning = CLOSE_REASONS.get(run.close_reason or "", (0, "not a reason of ours"))[1]
    failed = [one.sentence() for one in judged if one.verdict == "failed"]
    words = f"{run.close_reason} (exit code {run.exit_code}): {meaning}.{_told(run)}"
    if run.exit_code == 0 and run.close_reason == "finished" and not failed:
        applied = sum(one.verdict == "passed" for one in judged)
        return "good", f"{words} {applied} checks passed." if applied else f"{words} No check was in force."
    words += f" Failed checks: {'; '.join(failed)}." if failed else ""
    return ("bad" if run.exit_code else "warn"), words


def _without_end(run: RunData) -> str:
    if run.standing is None:
        return f"This run has no end in the ledger: it is under way, was killed, or its store went away.{_told(run)}"
    left = ", ".join(f"{group.workflows:,} {group.reason}" for group in run.standing.left)
    words = f"This run has no end in the ledger. It is {run.standing.told}.{_told(run)}"
    return f"{words} Left: {left}." if left else words


def _told(run: RunData) -> str:
    """Like `` 482 complete, 7 failed.``."""
    counts = Counter(visit.outcome.status for visit in run.visits or ())
    told = ", ".join(f"{counts[status]:,} {status}" for status in CRAWL_STATUSES if counts[status])
    return f" {told}." if told else ""


def _summary(run: RunData) -> Section:
    counts = Counter(visit.outcome.status for visit in run.visits) if run.visits is not None else None
    planned = run.number(stats.PLANNED_COUNT)
    note = "" if run.ended_at or not run.stats else "at its last checkpoint"
    figures = [Figure("planned", "planned", planned)]
    figures.append(Figure("visited", "visited", counts.total() if counts is not None else None))
    for status in CRAWL_STATUSES:
        value = counts[status] if counts is not None else None
        figures.append(
            Figure(status, status, value, tone=TONES[status] if value and TONES[status] != "quiet" else "plain")
        )
    times = [visit.service_seconds for visit in run.asked]
    scores = [visit.quality_score for visit in run.visits or () if visit.quality_score is not None]
    figures += [
        Figure("duration", "duration", run.seconds, "seconds"),
        Figure("requests", "requests", run.number(stats.RATE_REQUEST_COUNT), note=note),
        Figure("service_p95", "service time p95", percentile(times, 0.95), "seconds"),
        Figure("quality_median", "median quality", percentile(scores, 0.5), "number"),
    ]
    return Section("summary", "Summary", (Figures("summary", tuple(figures)),))


def _changes(run: RunData) -> Section:
    if run.visits is None:
        return Section("changes", "What changed", (NoData("changes", "What changed", NO_ROWS),))
    visits = run.visits
    chosen = {
        "new": [visit for visit in visits if visit.content == "new"],
        "changed": [visit for visit in visits if visit.content == "changed"],
        "gone": [visit for visit in visits if visit.turn == "gone"],
        "back": [visit for visit in visits if visit.turn == "back"],
    }
    figures = tuple(Figure(key, label, len(chosen[key])) for key, label in _CHANGES)
    contents = ("new", "changed", "unchanged", "none")
    row = parts(contents, Counter(visit.content for visit in visits))
    stack = Stacks("content", "Content of what was stored (none: this run brought none)", (("content", row),))
    tables: Iterable[Block] = (
        _change_table(key, label, chosen[key]) for key, label in _CHANGES if key != "new" and chosen[key]
    )
    ids = tuple((label, len(chosen[key]), _ids(chosen[key])) for key, label in _CHANGES)
    table = Table("ids", "Which", _ID_COLUMNS, ids)
    return Section("changes", "What changed", (Figures("counts", figures), stack, table, *tables))


_ID_COLUMNS = columns(what="Since the crawl before", count=("Workflows", "count"), ids=("Ids", "ids"))
_ABOUT_COLUMNS = columns(name="Name", value="Value")
_CHANGES = (("new", "new"), ("changed", "changed"), ("gone", "gone"), ("back", "listed again"))


def _ids(visits: Iterable[Visited]) -> tuple[int, ...]:
    return tuple(sorted(visit.id for visit in visits))


def _change_table(key: str, label: str, visits: Sequence[Visited]) -> Table:
    rows = tuple((str(visit.id), visit.name) for visit in sorted(visits)[:LISTED])
    caption = label.capitalize() + (f", the first {LISTED} of {len(visits):,}" if len(visits) > LISTED else "")
    return Table(key, caption, columns(id="Id", name="Title"), rows)


def _about(run: RunData) -> Section:
    figures = (
        Figure("started", "started", run.started_at),
        Figure("ended", "ended", run.ended_at),
        Figure("duration", "duration", None if run.seconds is None else duration(run.seconds), "text"),
    )
    tables = tuple(
        Table(
            key,
            caption,
            _ABOUT_COLUMNS,
            tuple((name, _word(value)) for name, value in sorted(given.items())),
            "Not known.",
        )
        for key, caption, given in (
            ("arguments", "Arguments", run.arguments),
            ("settings", "Settings", run.settings),
            ("versions", "Versions", run.versions),
        )
    )
    return Section("run", "The run", (Figures("times", figures), *tables))


def _word(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {word}" for name, word in value.items())
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
