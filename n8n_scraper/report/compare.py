"""Two runs side by side: data → document. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from n8n_scraper import stats
from n8n_scraper.items import CRAWL_STATUSES
from n8n_scraper.report.document import Document, Section, Table, Text, Tone, Unit, Value, columns
from n8n_scraper.report.measures import percentile
from n8n_scraper.report.run_data import RunData, Visited
from n8n_scraper.report.run_timing import is_busy

_Measure = Callable[[RunData], float | None]
_ENDS = ("came", "failed", "gone")


def compare(first: RunData, second: RunData) -> Document:
    """How ``second`` differs from ``first``."""
    moves = _moves(first.visits or [], second.visits or [])
    worse, doubts = len(moves["came then, failed now"]), _doubts(first, second)
    tone: Tone = "warn" if worse or doubts else "good"
    verdict = f"{worse} workflows that came then failed now, {len(moves['failed then, came now'])} the other way round."
    if gone := len(moves["came then, gone now"]):
        verdict += f" {gone} that came then are gone."
    return Document(
        kind="compare",
        title=f"Run {second.run_id} compared with {first.run_id}",
        verdict=verdict + (" Times are not comparable." if doubts else ""),
        tone=tone,
        sections=(
            Section("figures", "Figures", (_figures(first, second),)),
            Section("moves", "Workflows in both runs", (_move_table(moves),)),
            Section("differences", "What else differed", (_settings(first, second),)),
            Section("limits", "What the figures cannot tell", (Text((*doubts, *_LIMITS)),)),
        ),
    )


_LIMITS = (
    "Two runs are two samples: a small difference may be chance.",
    "A run asks only for what was due: its workflows need not be those of the other.",
)


def _figures(first: RunData, second: RunData) -> Table:
    measures: list[tuple[str, Unit, _Measure]] = [
        ("planned", "count", lambda run: run.number(stats.PLANNED_COUNT)),
        ("visited", "count", lambda run: None if run.visits is None else len(run.visits)),
        *((status, "count", _with_status(status)) for status in CRAWL_STATUSES),
        ("requests", "count", lambda run: run.number(stats.RATE_REQUEST_COUNT)),
        ("retries", "count", lambda run: run.number(stats.RETRY_COUNT) or 0),
        ("duration", "seconds", lambda run: run.seconds),
        ("service time p50", "seconds", _service(0.5)),
        ("service time p95", "seconds", _service(0.95)),
        ("service time p99", "seconds", _service(0.99)),
        ("median quality", "number", _quality),
        ("failed", "share", lambda run: run.number(stats.FAILED_SHARE)),
        ("blocked", "share", lambda run: run.number(stats.BLOCKED_SHARE)),
        ("highest load average", "number", lambda run: run.number(stats.LOAD_HIGHEST)),
    ]
    rows = tuple(_row(name, unit, measure(first), measure(second)) for name, unit, measure in measures)
    head = columns(figure="Figure", first=("First", "number"), second=("Second", "number"), ratio=("Ratio", "number"))
    caption = f"First {first.run_id}, second {second.run_id}; times in seconds, shares of 1"
    return Table("figures", caption, head, rows)


def _row(name: str, unit: Unit, first: float | None, second: float | None) -> tuple[Value, ...]:
    label = f"{name} (s)" if unit == "seconds" else f"{name} (share)" if unit == "share" else name
    return label, first, second, round(second / first, 3) if first and second is not None else None


def _with_status(status: str) -> _Measure:
    return lambda run: None if run.visits is None else sum(visit.outcome.status == status for visit in run.visits)


def _service(share: float) -> _Measure:
    return lambda run: percentile([visit.service_seconds for visit in run.asked], share)


def _quality(run: RunData) -> float | None:
    return percentile([visit.quality_score for visit in run.visits or () if visit.quality_score is not None], 0.5)


def _moves(first: Sequence[Visited], second: Sequence[Visited]) -> dict[str, list[int]]:
    then, now = ({visit.id: visit for visit in visits} for visits in (first, second))
    both = sorted(then.keys() & now.keys())
    ends = {id: (_end(then[id]), _end(now[id])) for id in both}
    pairs = [(before, after) for before in _ENDS for after in _ENDS if (before, after) != ("came", "came")]
    return {
        **{
            f"{before} both times" if before == after else f"{before} then, {after} now": [
                id for id in both if ends[id] == (before, after)
            ]
            for before, after in pairs
        },
        "content changed": [id for id in both if now[id].content == "changed"],
        "only in the first": sorted(then.keys() - now.keys()),
        "only in the second": sorted(now.keys() - then.keys()),
    }


def _end(visit: Visited) -> str:
    """What became of it in its run, one of _ENDS."""
    got = visit.outcome
    return "failed" if got.is_failed else "gone" if got.status == "gone" else "came"


def _move_table(moves: dict[str, list[int]]) -> Table:
    head = columns(what="What", count=("Workflows", "count"), ids=("Ids", "ids"))
    return Table("moves", "Workflows", head, tuple((name, len(ids), tuple(ids)) for name, ids in moves.items()))


def _settings(first: RunData, second: RunData) -> Table:
    pairs = [(first.arguments, second.arguments), (first.settings, second.settings), (first.versions, second.versions)]
    rows = tuple(
        (name, str(then.get(name, "")), str(now.get(name, "")))
        for then, now in pairs
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    )
    head = columns(name="Name", first="First", second="Second")
    return Table("settings", "Arguments, settings and versions that differ", head, rows, "None.")


def _doubts(first: RunData, second: RunData) -> list[str]:
    busy = [run.run_id for run in (first, second) if is_busy(run) is not False]
    doubts = [f"The machine had other work during run {run_id}, or nothing is known of it." for run_id in busy]
    names = ("N8N_SCRAPER_REQUESTS_PER_SECOND", "CONCURRENT_REQUESTS")
    differ = [name for name in names if first.settings.get(name) != second.settings.get(name)]
    return [*doubts, *(f"{name} was not the same in both." for name in differ)]
