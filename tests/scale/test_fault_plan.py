"""Faults planned for a run, and what each must end as."""

from __future__ import annotations

from collections import Counter

from n8n_scraper.failures import KINDS
from n8n_scraper.scale.fault_plan import Planned, every_fault, fault_rules, make_plan, read_plan


def test_every_kind_that_a_site_can_cause_is_there_and_those_that_pass_end_well() -> None:
    planned = every_fault()
    assert len(set(planned)) == len(planned)
    assert {one.error_kind for one in planned} == {None, *KINDS} - {"store", "internal"}
    for one in planned:
        passes = one.times is not None
        assert passes <= (one.kind is None or KINDS[one.kind].retried), "what is not retried cannot pass"
        assert one.error_kind == (None if passes else one.kind)
        assert ("times" in one.rule) == passes
        assert one.rule["kind"] == one.fault
    assert {one.times for one in planned if one.fault == "reset_kept_alive"} == {2}, "it cannot last"


def test_a_plan_is_spread_evenly_and_the_same_for_the_same_seed() -> None:
    ids = range(1, 1001)
    plan = make_plan(ids, 0.2, seed=3)
    assert len(plan) == 200
    assert plan == make_plan(ids, 0.2, seed=3) != make_plan(ids, 0.2, seed=4)
    counts = Counter(plan.values())
    assert set(counts) == set(every_fault())
    assert max(counts.values()) - min(counts.values()) <= 1
    only = Planned("404", "gone", None)
    assert set(make_plan(ids, 0.01, 1, [only]).values()) == {only}


def test_rules_of_a_plan_are_read_again() -> None:
    plan = make_plan(range(1, 201), 0.5, seed=1)
    rules = fault_rules(plan)
    assert len(rules) == len(set(plan.values()))
    assert all(rule["id"] == sorted(rule["id"]) for rule in rules)
    assert read_plan(rules) == plan
