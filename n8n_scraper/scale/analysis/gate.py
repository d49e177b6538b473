"""The gate over a scale run: whether it holds, and whether it must be tried again first. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from n8n_scraper.scale.analysis import baseline
from n8n_scraper.scale.analysis.analysed import Analysed
from n8n_scraper.scale.analysis.decision import NEXT_SIZE


def is_passed(seen: Analysed) -> bool:
    return seen.decision.decision == NEXT_SIZE


def must_retry(seen: Analysed) -> bool:
    """Nothing is wrong with the run but times that were taken while others used the machine."""
    against = set() if is_passed(seen) else {rule for rule, _ in seen.decision.reasons}
    unjudged = baseline.named(seen.compared, baseline.NOT_JUDGED)
    return seen.is_disturbed and (against == {"disturbed"} or (not against and bool(unjudged)))


def lines(seen: Analysed) -> Iterator[str]:
    """What is printed: the decision, its reasons, and the flag of figures that others disturbed."""
    yield f"{seen.found.path}: {'passed' if is_passed(seen) else 'NOT passed'}. {seen.decision.step}"
    yield from (f"  {rule}: {reason}" for rule, reason in seen.decision.reasons)
    if seen.refusal:
        yield f"  not compared: {seen.refusal}"
    if seen.is_disturbed:
        yield "  flag: others used the machine meanwhile, so that figures of time prove nothing"
