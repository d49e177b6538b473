"""Sections of a scale run's report: criteria, how it ran, outcomes, errors, what to ask for again. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from n8n_scraper.items import CRAWL_STATUSES
from n8n_scraper.printable import printable
from n8n_scraper.report.document import (
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
from n8n_scraper.report.measures import percentile
from n8n_scraper.report.run_sections import TONES
from n8n_scraper.scale.again import choose
from n8n_scraper.scale.analysis.analysed import Analysed, number
from n8n_scraper.scale.criteria import ACCEPTABLE, NOT_APPLICABLE, RED, TARGET, Criterion
from n8n_scraper.scale.run_folder import OUTCOMES, VERDICTS, Outcome, VerdictRow

ZONE_TONES: dict[str, Tone] = {TARGET: "good", ACCEPTABLE: "warn", RED: "bad", NOT_APPLICABLE: "quiet"}
NO_ROW = "no row"
STATUS_TONES: dict[str, Tone] = {**TONES, NO_ROW: "bad"}
GROUPS = ("good", "challenging", "edge")
NONE = {"group": "no class", "fault_kind": "no fault", "category": "no category", "error_kind": "no error"}
LISTED = 50
EXAMPLES = 3
"""Of an error, in words."""
_CRITERIA_COLUMNS = columns(
    criterion=("Criterion", "word"),
    zone=("Zone", "word"),
    figure=("Is", "number"),
    unit=("Unit", "word"),
    target=("Target", "word"),
    acceptable=("Acceptable", "word"),
    meaning="What is measured",
)
_CATEGORY_COLUMNS = columns(
    category="Category",
    workflows=("Workflows", "count"),
    complete=("Complete", "share"),
    expected=("As expected", "share"),
    quality=("Median quality", "number"),
    service=("Service time p95", "seconds"),
)
_ERROR_COLUMNS = columns(
    kind=("Kind", "word"),
    count=("Workflows", "count"),
    planned=("Planned", "count"),
    examples="Examples",
    ids=("Ids", "ids"),
)
_WRONG_COLUMNS = columns(id="Id", group=("Group", "word"), why="What is odd about it", differs="Became", error="Error")


def not_there(key: str, title: str, file: str) -> Section:
    return Section(key, title, (NoData(key, title, f"{file} is not in the folder."),))


def criteria_section(seen: Analysed) -> Section:
    rows = seen.verdicts
    if not rows:
        return not_there("criteria", "Criteria", VERDICTS)
    tones = tuple(ZONE_TONES.get(one["zone"], "bad") for one in rows)
    caption = "What the run has to reach; no figure is red too"
    table = Table("criteria", caption, _CRITERIA_COLUMNS, tuple(map(_criterion, rows)), tones=tones)
    counts = Counter(one["zone"] for one in rows)
    figures = tuple(
        Figure(zone.replace(" ", "_"), zone, counts[zone], tone=tone if counts[zone] else "plain")
        for zone, tone in ZONE_TONES.items()
    )
    return Section("criteria", "Criteria", (Figures("zones", figures), table))


def _criterion(one: VerdictRow) -> tuple[Value, ...]:
    given = (one["name"], one["meaning"], one["unit"], one["target"], one["acceptable"])
    sign = Criterion(*given, one["is_least"], one["is_strict"]).sign
    bounds = f"{sign} {one['target']:g}", f"{sign} {one['acceptable']:g}"
    why = f"does not apply: {one['reason']}" if one["zone"] == NOT_APPLICABLE else one["reason"]
    meaning = f"{one['meaning']} ({why})" if why else one["meaning"]
    return one["name"], one["zone"], number(one["figure"]), one["unit"], *bounds, meaning


def outcomes_section(seen: Analysed) -> Section:
    outcomes = seen.found.outcomes
    if not outcomes:
        return not_there("outcomes", "Outcomes", OUTCOMES)
    by_group, classes = _by(outcomes, "group"), _by(outcomes, "group", "fault_kind")
    names = [*(name for name in GROUPS if name in by_group), *sorted(by_group.keys() - set(GROUPS))]
    became = tuple((name, _statuses(by_group[name])) for name in names)
    kept = tuple((name, _kept(by_group[name])) for name in names)
    return Section(
        "outcomes",
        "Outcomes by class and category",
        (
            Stacks("expected", "Workflows by class, and whether they became what was expected", kept),
            Stacks("statuses", "Workflows by class and the status of their row", became),
            _table("classes", "By class and the kind of the fault planned, whether or not it passes", "Class", classes),
            _table("categories", "By category", "Category", _by(outcomes, "category")),
        ),
    )


def _by(outcomes: Sequence[Outcome], *keys: str) -> dict[str, list[Outcome]]:
    found: defaultdict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        found[printable(", ".join(str(one.get(key) or NONE[key]) for key in keys))].append(one)
    return dict(found)


def _statuses(outcomes: Sequence[Outcome]) -> tuple[Part, ...]:
    counts = Counter(one["crawl_status"] or NO_ROW for one in outcomes)
    return tuple(Part(name, counts[name], STATUS_TONES[name]) for name in (*CRAWL_STATUSES, NO_ROW))


def _kept(outcomes: Sequence[Outcome]) -> tuple[Part, ...]:
    count = sum(one["is_as_expected"] for one in outcomes)
    return Part("as expected", count, "good"), Part("otherwise", len(outcomes) - count, "bad")


def _table(key: str, caption: str, label: str, groups: Mapping[str, list[Outcome]]) -> Table:
    rows = tuple(
        _figures_of(name, groups[name]) for name in sorted(groups, key=lambda name: (-len(groups[name]), name))
    )
    tones: tuple[Tone, ...] = tuple("plain" if row[3] == 1 else "warn" for row in rows)
    head = columns(name=label) + _CATEGORY_COLUMNS[1:]
    told = caption + (f", the {LISTED} largest of {len(rows)}" if len(rows) > LISTED else "")
    return Table(key, told, head, rows[:LISTED], tones=tones[:LISTED])


def _figures_of(name: str, outcomes: Sequence[Outcome]) -> tuple[Value, ...]:
    count = len(outcomes)
    scores = [score for one in outcomes if (score := one["quality_score"]) is not None]
    times = [seconds for one in outcomes if (seconds := one["service_seconds"]) is not None]
    complete = sum(one["crawl_status"] == "complete" for one in outcomes) / count
    expected = sum(one["is_as_expected"] for one in outcomes) / count
    return name, count, complete, expected, percentile(scores, 0.5), percentile(times, 0.95)


def errors_section(seen: Analysed) -> Section:
    outcomes = seen.found.outcomes
    if not outcomes:
        return not_there("errors", "Errors", OUTCOMES)
    by_kind = _by([one for one in outcomes if one["error_kind"]], "error_kind")
    rows = tuple(_kind(kind, by_kind[kind]) for kind in sorted(by_kind, key=lambda kind: -len(by_kind[kind])))
    tones: tuple[Tone, ...] = tuple("quiet" if row[1] == row[2] else "warn" for row in rows)
    kinds = Table(
        "kinds",
        "Errors by kind; planned are those that were meant to end so",
        _ERROR_COLUMNS,
        rows,
        "No workflow ended with one.",
        tones,
    )
    bad: Tone = "bad"
    wrong = [one for one in outcomes if not one["is_as_expected"]]
    caption = "Workflows that did not become what was expected" + (
        f", the first {LISTED}" if len(wrong) > LISTED else ""
    )
    table = Table(
        "unexpected",
        caption,
        _WRONG_COLUMNS,
        tuple(map(_wrong, wrong[:LISTED])),
        "There is none.",
        (bad,) * len(wrong[:LISTED]),
    )
    return Section("errors", "Errors", (kinds, table))


def _kind(kind: str, outcomes: Sequence[Outcome]) -> tuple[Value, ...]:
    said = Counter(one["error"] for one in outcomes if one["error"])
    examples = " · ".join(f"{error} ({count})" for error, count in said.most_common(EXAMPLES))
    planned = sum(one["expected_error_kind"] == kind for one in outcomes)
    return kind, len(outcomes), planned, examples, tuple(sorted(one["id"] for one in outcomes))


def _wrong(one: Outcome) -> tuple[Value, ...]:
    return str(one["id"]), one["group"], one["why"], one["differs"], one["error"]


def again_section(seen: Analysed) -> Section:
    if not seen.found.outcomes:
        return not_there("again", "To ask for again", OUTCOMES)
    chosen = choose(seen.found.outcomes)
    lists = (
        ("not as expected", chosen.unexpected),
        ("failed", chosen.failed),
        ("slow", chosen.slow),
        ("together", chosen.ids),
    )
    head = columns(list=("List", "word"), count=("Workflows", "count"), ids=("Ids", "ids"))
    table = Table(
        "lists", "Exactly these are asked for by the re-test", head, tuple((name, len(ids), ids) for name, ids in lists)
    )
    command = f"scrapy scale run --again {seen.found.path}"
    slow = (
        ""
        if chosen.slow_from is None
        else f" Slow is over {chosen.slow_from:.3g} s, the 95th percentile of service time."
    )
    return Section("again", "To ask for again", (table, Text((f"{command} asks for them again.{slow}",))))
