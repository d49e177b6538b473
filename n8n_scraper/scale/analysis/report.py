"""The report of a scale run: what it left → document. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

from n8n_scraper.printable import printable
from n8n_scraper.report.document import Document, Figure, Figures, NoData, Section, Table, Text, Tone, Value, columns
from n8n_scraper.scale.analysis.advice import advise
from n8n_scraper.scale.analysis.analysed import PARTS, Analysed
from n8n_scraper.scale.analysis.decision import FIX_FIRST, NEXT_SIZE, RULES, STOP
from n8n_scraper.scale.analysis.measured_sections import (
    baseline_section,
    bottlenecks_section,
    storage_section,
    time_section,
)
from n8n_scraper.scale.analysis.parts_sections import are_passed, parts_sections
from n8n_scraper.scale.analysis.sections import (
    again_section,
    criteria_section,
    errors_section,
    outcomes_section,
)
from n8n_scraper.scale.criteria import ACCEPTABLE, NOT_APPLICABLE, RED, TARGET
from n8n_scraper.scale.run_folder import RUN

TONES: dict[str, Tone] = {NEXT_SIZE: "good", FIX_FIRST: "warn", STOP: "bad"}
LIMITS = (
    "A replica on loopback says nothing of the real site's latency, of when it answers 429, or of several hosts.",
    "Compressed runs shorten waits and latencies, not the time that the machine needs: their rates are never those of"
    " a true run.",
    "CPU, memory and times include what sampling costs; the sampler's own CPU is in samples.jsonl.",
    "Exports were timed with the store's pages in memory, as they are right after a crawl.",
)


def scale_report(seen: Analysed) -> Document:
    name = printable(str(seen.run.get("name") or seen.found.path.name))
    if not seen.has_run:
        return _parts_report(seen, name)
    return Document(
        kind="scale",
        title=f"Scale run {name}",
        verdict=_verdict(seen),
        tone=TONES[seen.decision.decision],
        sections=(
            criteria_section(seen),
            _decision(seen),
            _how(seen),
            outcomes_section(seen),
            errors_section(seen),
            again_section(seen),
            time_section(seen),
            bottlenecks_section(seen),
            storage_section(seen),
            *parts_sections(seen),
            baseline_section(seen),
            _advice(seen),
            _rules(),
            _limits(seen),
        ),
    )


def _parts_report(seen: Analysed, name: str) -> Document:
    """Of a folder that no run left."""
    passed = are_passed(seen)
    verdict = "; ".join(f"{part} {'passed' if holds else 'NOT passed'}" for part, holds in passed.items())
    tone: Tone = "good" if passed and all(passed.values()) else "bad"
    limits = Section("limits", "What the figures cannot tell", (Text(LIMITS),))
    sections = (*parts_sections(seen), *([storage_section(seen)] if "storage" in seen.parts else []), limits)
    return Document("scale", f"Scale results {name}", f"{verdict or 'Nothing was judged'}.", tone, sections)


def _verdict(seen: Analysed) -> str:
    counts = Counter(one["zone"] for one in seen.verdicts)
    zones = ", ".join(f"{counts[zone]} {zone}" for zone in (TARGET, ACCEPTABLE, RED, NOT_APPLICABLE) if counts[zone])
    flag = " Others used the machine meanwhile." if seen.is_disturbed else ""
    passed = "Not judged" if not counts else "NOT passed" if counts[RED] or seen.contradictions else "Passed"
    if seen.contradictions:
        passed += f", the files contradict each other ({'; '.join(seen.contradictions)})"
    return f"{passed}: {zones or 'no verdicts'}. {seen.decision.step}{flag}"


def _decision(seen: Analysed) -> Section:
    decision = seen.decision
    figure = Figure("decision", "decision", decision.decision, "text", TONES[decision.decision], decision.step)
    head = columns(rule=("Rule", "word"), reason="Reason")
    reasons = Table("reasons", "Why", head, decision.reasons)
    return Section("decision", "Decision", (Figures("decision", (figure,)), reasons))


def _rules() -> Section:
    rows = tuple((rule.decision, rule.name, rule.meaning) for rule in RULES)
    rules = Table(
        "rules",
        "Read from the top: the first that applies decides; where none does, the next size is due",
        columns(decision=("Decision", "word"), rule=("Rule", "word"), meaning="Where"),
        rows,
    )
    return Section("rules", "How it was decided", (rules,))


def _how(seen: Analysed) -> Section:
    run, told = seen.run, seen.conditions
    if not run:
        return Section("how", "How it ran", (NoData("how", "How it ran", f"{RUN} is not in the folder."),))
    figures = (
        Figure("size", "workflows", told.size),
        Figure("begun", "begun", _moment(run.get("begun_at"))),
        Figure("ended", "ended", _moment(run.get("ended_at"))),
        Figure("seconds", "duration", run.get("seconds"), "seconds"),
        Figure("rate", "rate given", told.rate or "no limit", "rate"),
        Figure(
            "clock", "clock", told.clock, "number", note="" if told.is_true else "never compared with true-rate runs"
        ),
        Figure("layers", "layers", told.layers or None, "text"),
        Figure(
            "exit_codes",
            "exit codes",
            ", ".join(map(str, run.get("exit_codes") or ())) or None,
            "text",
            note="-9: killed by the run",
        ),
        Figure("cpus", "CPUs", run.get("cpu_count")),
        Figure("load_before", "load average before", run.get("load_before"), "number"),
        Figure("load_after", "load average after", run.get("load_after"), "number"),
        _disturbed(run.get("is_disturbed")),
    )
    pairs = [("arguments", " ".join(map(str, run.get("arguments") or ())))]
    pairs += [("again", str(run["again"]))] if run.get("again") else []
    pairs += [(name, str(version)) for name, version in sorted((run.get("versions") or {}).items())]
    about = Table("about", "Arguments and versions", columns(name=("Name", "word"), value="Value"), tuple(pairs))
    return Section("how", "How it ran", (Figures("run", figures), _composition(run.get("composition") or {}), about))


def _disturbed(is_disturbed: bool | None) -> Figure:
    if is_disturbed is None:
        return Figure("disturbed", "used by others", None)
    if is_disturbed:
        return Figure("disturbed", "used by others", "yes", "text", "warn", "times are not comparable")
    return Figure("disturbed", "used by others", "no", "text", "good")


def _composition(composition: dict[str, dict[str, int]]) -> Table:
    rows = tuple(
        (name, ", ".join(f"{what} {count}" for what, count in sorted(counts.items(), key=lambda pair: -pair[1])))
        for name, counts in composition.items()
    )
    return Table("composition", "What the dataset is made of", columns(by=("By", "word"), counts="Workflows"), rows)


def _moment(text: str | None) -> Value:
    """As a moment where it is one, else as it stands."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc) if text else None
    except ValueError:
        return text


def _advice(seen: Analysed) -> Section:
    head = columns(what="What to do", why="Why")
    table = Table("advice", "By declared tables", head, tuple(advise(seen)), "Nothing is recommended.")
    return Section("advice", "Recommendations", (table,))


def _limits(seen: Analysed) -> Section:
    absent = [*seen.found.missing, *(file for name, file in PARTS.items() if name not in seen.parts)]
    missing = (f"Not in the folder, so not told here: {', '.join(absent)}.",) if absent else ()
    return Section("limits", "What the figures cannot tell", (Text((*missing, *LIMITS)),))
