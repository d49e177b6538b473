"""The fault plan against a clock of our own."""

from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.fault_rules import Asked, Rule, parse_rule
from n8n_scraper.replica.faults import FaultPlan


def plan(*rules: dict[str, Any], seed: int = 1) -> FaultPlan:
    return FaultPlan.parse({"seed": seed, "rules": list(rules)}, started=1000.0)


def detail(id: int, *, kept_alive: bool = False) -> Asked:
    return Asked("api", "detail", f"/api/templates/workflows/{id}", id, kept_alive)


SITEMAP = Asked("site", "sitemap", "/sitemap-workflows.xml")


def kinds(plan: FaultPlan, *asked: Asked, at: float = 1000.0) -> list[str | None]:
    faults = [plan.pick(one, at) for one in asked]
    return [fault.kind if fault else None for fault in faults]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, ["500", "500", "500"]),
        ({"id": 5}, ["500", None, None]),
        ({"id": [5, 6]}, ["500", "500", None]),
        ({"host": "site"}, [None, None, "500"]),
        ({"route": "sitemap"}, [None, None, "500"]),
        ({"route": ["detail", "page"]}, ["500", "500", None]),
        ({"path": "*/workflows/6"}, [None, "500", None]),
        ({"requests": [2, 3]}, [None, "500", "500"]),
        ({"between": [0, 10]}, ["500", "500", "500"]),
        ({"between": [1, 10]}, [None, None, None]),
        ({"at_most": 2}, ["500", "500", None]),
        ({"share": 0}, [None, None, None]),
    ],
)
def test_which_requests_a_rule_hits(rule: dict[str, Any], expected: list[str | None]) -> None:
    assert kinds(plan({"kind": "500", **rule}), detail(5), detail(6), SITEMAP) == expected


def test_times_counts_for_each_id_and_each_path_without_one() -> None:
    faults = plan({"kind": "500", "times": 1})
    assert kinds(faults, detail(5), detail(6), SITEMAP) == ["500"] * 3
    assert kinds(faults, detail(5), detail(6), SITEMAP) == [None] * 3


def test_first_rule_that_fits_decides_and_the_next_takes_over_when_it_is_used_up() -> None:
    faults = plan({"id": 5, "kind": "429", "times": 1}, {"kind": "500"})
    assert kinds(faults, detail(5), detail(5), detail(6)) == ["429", "500", "500"]


def test_a_window_of_time_begins_when_the_plan_is_set() -> None:
    faults = plan({"between": [5, 10], "kind": "no_answer"})
    assert [kinds(faults, SITEMAP, at=at)[0] for at in (1004.9, 1005.0, 1010.0, 1010.1)] == [
        None, "no_answer", "no_answer", None,
    ]  # fmt: skip


def test_beyond_an_allowance_retry_after_leads_to_the_next_window() -> None:
    faults = plan({"allowance": [2, 60], "kind": "429"})
    assert kinds(faults, *map(detail, range(4)), at=1010.0) == [None, None, "429", "429"]
    refused = faults.pick(detail(9), 1018.5)
    assert refused is not None
    assert refused.retry_after == "42"
    assert kinds(faults, *map(detail, range(3)), at=1060.0) == [None, None, "429"]
    assert kinds(faults, *map(detail, range(3)), at=1200.0) == [None, None, "429"], "what was not used is gone"


def test_a_rule_may_say_another_retry_after_than_its_allowance() -> None:
    refused = plan({"allowance": [0, 60], "kind": "429", "retry_after": 7}).pick(detail(1), 1000.0)
    assert refused is not None
    assert refused.retry_after == "7"


def test_above_a_rate() -> None:
    faults = plan({"above": 2, "kind": "429"})
    steady = [kinds(faults, detail(n), at=1000 + n * 0.5)[0] for n in range(20)]
    assert steady == [None] * 20
    burst = [kinds(faults, detail(n), at=1020.0)[0] for n in range(5)]
    assert burst == [None, None, "429", "429", "429"]
    assert kinds(faults, detail(9), at=1020.4) == ["429"], "0.8 of a token is not one"
    assert kinds(faults, detail(9), at=1020.5) == [None], "a refused request costs no token"


def test_share_is_seeded_and_independent_of_order() -> None:
    rule = {"share": 0.3, "mix": {"500": 1, "reset": 1}}
    ids = range(1, 1001)
    forward = dict(zip(ids, kinds(plan(rule), *map(detail, ids)), strict=True))
    backward = dict(zip(reversed(ids), kinds(plan(rule), *map(detail, reversed(ids))), strict=True))
    assert forward == backward
    assert 250 < sum(kind is not None for kind in forward.values()) < 350
    assert {kind for kind in forward.values() if kind} == {"500", "reset"}
    assert forward != dict(zip(ids, kinds(plan(rule, seed=2), *map(detail, ids)), strict=True))


def test_share_is_drawn_anew_for_a_retry() -> None:
    faults = plan({"share": 0.5, "kind": "500"})
    assert {kinds(faults, detail(5))[0] for _ in range(20)} == {None, "500"}


def test_weights_of_a_mix() -> None:
    drawn = kinds(plan({"mix": {"500": 9, "429": 1, "404": 0}}), *map(detail, range(1, 1001)))
    assert 850 < drawn.count("500") < 950
    assert drawn.count("404") == 0


def test_reset_on_kept_alive_spares_a_fresh_connection() -> None:
    faults = plan({"kind": "reset_kept_alive", "times": 1})
    assert kinds(faults, detail(5), detail(5, kept_alive=True)) == [None, "reset_kept_alive"]


def test_what_a_fault_carries() -> None:
    fault = plan({"kind": 429, "retry_after": 7, "seconds": 2, "bytes": 10, "to": 3}).pick(SITEMAP, 1000)
    assert fault is not None
    assert (fault.kind, fault.retry_after, fault.seconds, fault.bytes, fault.to) == ("429", "7", 2.0, 10, "3")


def test_a_plan_shows_how_often_each_rule_fired() -> None:
    faults = plan({"id": 5, "kind": "500", "times": 2}, {"route": "sitemap", "kind": "403"})
    kinds(faults, detail(5), detail(5), detail(5), SITEMAP)
    assert faults.as_dict() == {
        "seed": 1,
        "rules": [
            {"id": 5, "kind": "500", "times": 2, "fired": 2},
            {"route": "sitemap", "kind": "403", "fired": 1},
        ],
        "requests": 4,
    }


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("500", "must be an object"),
        ({}, "needs either 'kind' or 'mix'"),
        ({"kind": "500", "mix": {"500": 1}}, "needs either 'kind' or 'mix'"),
        ({"kind": "500", "tmies": 2}, "unknown field 'tmies'"),
        ({"kind": "500", "source": {}}, "unknown field 'source'"),
        ({"kind": "200"}, "no such kind"),
        ({"kind": "5oo"}, "no such kind"),
        ({"kind": "600"}, "no such kind"),
        ({"mix": {}}, "at least one kind"),
        ({"mix": {"500": -1}}, "number of 0 or more"),
        ({"kind": "500", "share": 1.5}, "between 0 and 1"),
        ({"kind": "500", "times": "2"}, "whole number"),
        ({"kind": "500", "times": True}, "whole number"),
        ({"kind": "500", "id": "5"}, "whole number"),
        ({"kind": "500", "host": "n8n.io"}, "one of site, media, api"),
        ({"kind": "500", "route": "details"}, "no such route as details"),
        ({"kind": "500", "requests": [1]}, "requests = [1]"),
        ({"kind": "429", "allowance": [50]}, "allowance = [50]"),
        ({"kind": "429", "allowance": [50, 0]}, "seconds of more than 0"),
        ({"kind": "wrong_id", "to": "x"}, "must be the id"),
    ],
)
def test_a_bad_rule_is_refused_with_a_sentence(rule: Any, complaint: str) -> None:
    with pytest.raises(StartError) as refusal:
        parse_rule(rule, 3)
    assert complaint in str(refusal.value)
    assert str(refusal.value).startswith("Fault rule 3: ")


@pytest.mark.parametrize("bad", [[], {}, {"rules": {}}, {"rules": [], "sed": 1}, {"rules": [], "seed": "x"}])
def test_a_bad_plan_is_refused(bad: Any) -> None:
    with pytest.raises(StartError, match="Fault plan"):
        FaultPlan.parse(bad, started=0)


def test_an_empty_plan_does_nothing() -> None:
    assert kinds(FaultPlan(), detail(1), SITEMAP) == [None, None]


def test_a_rule_can_be_read_from_its_fields() -> None:
    assert parse_rule({"mix": {"500": 1}, "id": [1]}, 1) == Rule(mix={"500": 1.0}, id=frozenset({1}))
