from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.scale.attempts import Breaker, read_breaker, unlike_plan
from n8n_scraper.scale.dataset import Dataset, Member
from n8n_scraper.scale.fault_plan import Planned

QUIET = Breaker(0, 0, 0, 0)
PLANS: dict[str, tuple[Planned | None, str | None]] = {
    "good": (None, None),
    "slow": (Planned("slow", None, 1), None),
    "passes": (Planned("503", "server", 2), None),
    "lasts": (Planned("503", "server", None), "server"),
    "refused": (Planned("403", "blocked", None), "blocked"),
    "edge": (None, "malformed"),
    "kept alive": (Planned("reset_kept_alive", "network", 2), None),
}
PLANNED = {"good": 1, "slow": 1, "passes": 3, "lasts": 4, "refused": 1, "edge": 4}
BEGINS = {"t": 0.0, "host": "api", "path": "/robots.txt", "status": 200, "id": None}


def unlike(
    kind: str, requests: int, *, attempts: int | None = None, told: int | None = None, after: int = 0, **more: Any
) -> bool:
    """Of so many ``requests`` in the log so many came ``after`` a kill; the row tells ``attempts`` and ``told`` ones."""
    planned, error_kind = PLANS[kind]
    member = Member(id=7, group="good", why="", crawl_status="complete", error_kind=error_kind)
    fault = {"fault": planned.fault} if planned and more.pop("is_faulty", True) else {}
    entries = [BEGINS, {**BEGINS, "t": 50.0}]
    entries += [
        {"t": 1.0 + n, "host": "api", "path": "/x", "status": 200, "id": 7, **(fault if n + 1 < requests else {})}
        for n in range(requests - after)
    ]
    entries += [{"t": 51.0 + n, "host": "api", "path": "/x", "status": 200, "id": 7} for n in range(after)]
    told = requests if told is None else told
    row = {"attempt_count": told if attempts is None else attempts, "request_count": told}
    dataset = Dataset((member,), {7: planned} if planned else {})
    return bool(unlike_plan(dataset, {7: row}, entries, more.pop("breaker", QUIET)))


@pytest.mark.parametrize(("kind", "planned"), PLANNED.items())
def test_one_request_more_or_less_than_planned_is_seen(kind: str, planned: int) -> None:
    assert not unlike(kind, planned)
    assert unlike(kind, planned + 1)
    assert unlike(kind, planned + 1, attempts=planned), "nothing was given back"
    assert unlike(kind, planned + 1, told=planned), "the crawl hides one"
    assert unlike(kind, planned + 40)
    if planned > 1:
        assert unlike(kind, planned - 1)


def test_a_fault_that_cannot_come_surely_counts_as_often_as_it_came() -> None:
    assert not unlike("kept alive", 2)
    assert not unlike("kept alive", 1)
    assert unlike("kept alive", 2, is_faulty=False)


def test_a_kill_may_cost_one_request_of_what_was_under_way() -> None:
    assert not unlike("lasts", 5, told=4, after=2)
    assert not unlike("refused", 2, told=1, after=1)
    assert unlike("lasts", 6, told=4, after=2)


def test_what_an_open_breaker_gave_back_is_not_more_than_that() -> None:
    once = Breaker(1, 1, 0, 1)
    assert not unlike("lasts", 6, attempts=4, breaker=once)
    assert not unlike("refused", 1, attempts=0, breaker=once)
    assert unlike("lasts", 10, attempts=4, breaker=once)
    assert unlike("lasts", 6, attempts=6, breaker=once)


def test_a_control_asks_once_more() -> None:
    assert not unlike("good", 2, told=1, breaker=Breaker(1, 0, 1, 1))
    assert unlike("good", 3, told=1, breaker=Breaker(1, 0, 1, 1))


def test_what_the_breaker_did() -> None:
    outage = (
        "Circuit breaker open: 10 failures in a row, of 6 ids, last: server; next probe in 2 s\n"
        "Circuit breaker half_open: one request goes out as a probe\n"
        "Circuit breaker open: the probe failed: server; next probe in 4 s\n"
        "Circuit breaker closed: the site answers again\n"
    )
    later = (
        "Circuit breaker open: 3 failures in a row, of 3 ids, last: blocked; next probe in 2 s\n"
        "Asking once more for what answered well before, to tell the site from its workflows.\n"
        "Circuit breaker closed: the site answers again\n"
        "Circuit breaker open: 10 failures in a row, of 6 ids, last: server; next probe in 2 s\n"
    )
    assert read_breaker(outage + later) == Breaker(3, 1, 1, 1)
    assert read_breaker(later).of_outage == 0, "they refused us"
    assert read_breaker("") == QUIET
