"""Recommendations with their reasons, by declared tables. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from n8n_scraper.scale.analysis.analysed import Analysed
from n8n_scraper.scale.criteria import ACCEPTABLE, RED

LARGE_INDEX = 1_000_000
"""Bytes from which an index that no query used is worth a word."""


class Advice(NamedTuple):
    what: str
    why: str


_OF_CRITERIA: dict[str, str] = {
    "completeness": "Look at the errors by kind: what could have been complete was lost to them.",
    "classification": "Look at the workflows that are not as expected, one by one: an error was taken for another.",
    "good_quality": "Look which points good workflows lost: quality_missing of their rows names them.",
    "columns": "Look which column is empty in rows that are complete, and at the template it came from.",
    "service_seconds": "Look at the slowest workflows and at the bottlenecks below.",
    "workflows_per_hour": "Look at the seconds without a request, and at what the rate was lowered by.",
    "unplanned_429": "The site saw more than it allows: lower the rate before anything else.",
    "busiest_second": "More went out in a second than was promised: look at the access log around it.",
    "busiest_ten_seconds": "More went out in ten seconds than was promised: look at the access log around them.",
    "peak_memory": "scrapy scale memory shows whether it grows with the crawl or is needed at once.",
    "store_query_p95": "scrapy db psql with pg_stat_activity shows what waits for what.",
    "exports": "scrapy export --check names the rows that differ.",
    "retries": "Workflows were asked for more or less often than their faults need: the verdict names some of them.",
    "breaker": "The breaker opened more or less often than the outage needs: look at access.jsonl and crawl.log.",
    "exit_code": "crawl.log in the folder says why the crawl did not end well.",
    "stage_gap": "Independent stages of a workflow waited for each other: look at the slowest gaps.",
    "resumed": "Rows are missing after the kill: scrapy scale kills narrows it down.",
    "stored_twice": "A workflow was committed twice: scrapy scale kills narrows it down.",
    "watchdog": "Workflows took longer than WORKFLOW_TIMEOUT: look at their errors.",
}


def advise(seen: Analysed) -> Iterator[Advice]:
    """What is red, what holds the run back, what fails most, what the store could spare."""
    yield from _criteria(seen)
    for finding in seen.findings:
        if finding.holds:
            measured = f"{finding.rule.meaning}: {finding.value:.4g} {finding.rule.unit}"
            yield Advice(finding.rule.advice, f"{measured}, a bottleneck from {finding.rule.bound:g}")
    yield from _errors(seen)
    yield from _storage(seen.parts.get("storage") or {})


def _criteria(seen: Analysed) -> Iterator[Advice]:
    for one in seen.verdicts:
        if one["zone"] in {RED, ACCEPTABLE}:
            figure = "there is no figure" if one["figure"] is None else f"{one['figure']:.4g} {one['unit']}"
            what = _OF_CRITERIA.get(one["name"], f"Look what lowers this: {one['meaning']}.")
            yield Advice(what, f"{one['meaning']}: {figure}, {one['zone']}")


def _errors(seen: Analysed) -> Iterator[Advice]:
    """The kind that most workflows ended with although none was expected."""
    kinds = Counter(
        one["error_kind"]
        for one in seen.found.outcomes
        if one.get("error_kind") and one["error_kind"] != one.get("expected_error_kind")
    )
    for kind, count in kinds.most_common(1):
        yield Advice(f"Look at the workflows that ended with {kind}.", f"{count} did, and it was not planned for them")


def _storage(storage: Mapping[str, Any]) -> Iterator[Advice]:
    for index in storage.get("indexes", ()):
        if not index["scans"] and not index["is_key"] and index["bytes"] >= LARGE_INDEX:
            yield Advice(
                f"Keep the index {index['name']} only if analysts' queries need it.",
                f"{index['bytes'] / 1e6:.1f} MB, and no query of the crawl used it: it is there for queries only",
            )
