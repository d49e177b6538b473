"""The gate over a scale run: whether it holds, and whether it must be tried again first. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from n8n_scraper.scale.analysis import baseline
from n8n_scraper.scale.analysis.analysed import Analysed
from n8n_scraper.scale.analysis.decision import NEXT_SIZE
from n8n_scraper.scale.analysis.parts_sections import are_passed


def is_passed(seen: Analysed) -> bool:
    """The decision about the run, and the verdicts of what else is in the folder."""
    parts = are_passed(seen)
    return all(parts.values()) and (seen.decision.decision == NEXT_SIZE if seen.has_run else bool(parts))


def must_retry(seen: Analysed) -> bool:
    """Nothing is wrong with the run but times that were taken while others used the machine."""
    is_good = seen.decision.decision == NEXT_SIZE
    against = set() if is_good else {rule for rule, _ in seen.decision.reasons}
    unjudged = baseline.named(seen.compared, baseline.NOT_JUDGED)
    return seen.is_disturbed and (against == {"disturbed"} or (not against and bool(unjudged)))


def lines(seen: Analysed) -> Iterator[str]:
    """What is printed: the decision, its reasons, and the flag of figures that others disturbed."""
    step = f" {seen.decision.step}" if seen.has_run else ""
    yield f"{seen.found.path}: {'passed' if is_passed(seen) else 'NOT passed'}.{step}"
    if seen.has_run:
        yield from (f"  {rule}: {reason}" for rule, reason in seen.decision.reasons)
    yield from (f"  {part}: {'passed' if holds else 'NOT passed'}" for part, holds in are_passed(seen).items())
    if seen.refusal:
        yield f"  not compared: {seen.refusal}"
    if seen.is_disturbed:
        yield "  flag: others used the machine meanwhile, so that figures of time prove nothing"
