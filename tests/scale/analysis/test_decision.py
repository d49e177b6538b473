from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.scale.analysis.decision import FIX_FIRST, NEXT_SIZE, RULES, STOP, Evidence, Zone, decide
from n8n_scraper.scale.criteria import ACCEPTABLE, NOT_APPLICABLE, RED, TARGET

GOOD = {name: Zone(TARGET, 1.0) for name in ("completeness", "service_seconds", "resumed", "busiest_second")}


def _evidence(zones: dict[str, Zone] | None = None, **fields: Any) -> Evidence:
    return Evidence(zones={**GOOD, **(zones or {})}, **{"size": 500, **fields})


@pytest.mark.parametrize(
    ("evidence", "decision", "rules", "step"),
    [
        (_evidence(), NEXT_SIZE, ["passed"], "Next: 1,000 workflows at the true rate."),
        (_evidence(size=49), NEXT_SIZE, ["passed"], "Next: 50 "),
        (_evidence(size=10_000), NEXT_SIZE, ["passed"], "Nothing larger"),
        (_evidence(is_compressed=True), NEXT_SIZE, ["passed"], "Next: the same 500 workflows at the true rate"),
        (_evidence(is_again=True, is_compressed=True), NEXT_SIZE, ["passed"], "What was wrong with these is gone"),
        (_evidence({"completeness": Zone(ACCEPTABLE, 92.0)}), NEXT_SIZE, ["passed", "near"], "Next"),
        (_evidence({"resumed": Zone(NOT_APPLICABLE, None)}), NEXT_SIZE, ["passed"], "Next"),
        (_evidence(is_disturbed=True), NEXT_SIZE, ["passed"], "Next"),
        (_evidence({"completeness": Zone(RED, 80.0)}), FIX_FIRST, ["red"], "Fix first"),
        (_evidence({"completeness": Zone(RED, None)}), FIX_FIRST, ["unmeasured"], "Fix first"),
        (_evidence({"resumed": Zone(RED, None)}), FIX_FIRST, ["unmeasured"], "Fix first"),
        (_evidence({"service_seconds": Zone(RED, 90.0)}), FIX_FIRST, ["red"], "Fix first"),
        (_evidence({"service_seconds": Zone(RED, 90.0)}, is_disturbed=True), FIX_FIRST, ["disturbed"], "Fix first"),
        (_evidence({"completeness": Zone(RED, 1.0)}, is_disturbed=True), FIX_FIRST, ["red"], "Fix first"),
        (_evidence(worse=("service_seconds",)), FIX_FIRST, ["worse"], "Fix first"),
        (_evidence(has_ended=False), FIX_FIRST, ["unfinished"], "Fix first"),
        (_evidence(exit_code=3), FIX_FIRST, ["unfinished"], "Fix first"),
        (_evidence(exit_code=None), NEXT_SIZE, ["passed"], "Next"),
        (Evidence(), FIX_FIRST, ["unfinished"], "Fix first"),
        (_evidence({"resumed": Zone(RED, 99.0)}), STOP, ["loses"], "Stop"),
        (_evidence({"stored_twice": Zone(RED, 1.0)}), STOP, ["loses"], "Stop"),
        (_evidence({"busiest_second": Zone(RED, 9.0)}, is_disturbed=True), STOP, ["impolite"], "Stop"),
        (
            _evidence({"unplanned_429": Zone(RED, 1.0), "completeness": Zone(RED, 80.0)}, exit_code=1),
            STOP,
            ["impolite", "unfinished", "red"],
            "Stop",
        ),
    ],
)
def test_decisions(evidence: Evidence, decision: str, rules: list[str], step: str) -> None:
    found = decide(evidence)
    assert (found.decision, [rule for rule, _ in found.reasons]) == (decision, rules)
    assert found.step.startswith(step)


def test_the_harder_decision_stands_first() -> None:
    assert [rule.decision for rule in RULES] == [STOP] * 2 + [FIX_FIRST] * (len(RULES) - 2)
