from __future__ import annotations

from collections.abc import Iterable

import pytest

from n8n_scraper.failures import KINDS
from n8n_scraper.politeness.breaker import LONGEST_COOLDOWN, PROBE_LOST_AFTER, CircuitBreaker, Id


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched(CircuitBreaker):
    """A breaker with a clock to turn, and the changes it told."""

    def __init__(self, threshold: int = 10, cooldown: float = 30.0, give_up: float = 3600.0) -> None:
        self.clock = Clock()
        self.changes: list[tuple[str, str]] = []
        super().__init__(threshold, cooldown, give_up, self.clock, lambda *change: self.changes.append(change))

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    def record_all(self, outcomes: Iterable[tuple[str | None, Id]]) -> None:
        for kind, id in outcomes:
            self.record(kind, id)


def failures(count: int, kind: str = "server", ids: int = 3) -> list[tuple[str | None, Id]]:
    return [(kind, 1 + i % ids) for i in range(count)]


def opened(**kwargs: float) -> Watched:
    breaker = Watched(**kwargs)  # type: ignore[arg-type]  # another type, on purpose
    breaker.record_all(failures(10))
    assert breaker.state == "open"
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], "closed"),
        (failures(9), "closed"),
        (failures(10), "open"),
        (failures(10, "rate_limited"), "open"),
        (failures(10, "network"), "open"),
        (failures(10, "timeout"), "open"),
        (failures(100, "malformed"), "closed"),
        (failures(100, "too_large"), "closed"),
        (failures(100, "unexpected"), "closed"),
        (failures(100, "internal"), "closed"),
        (failures(100, ids=2), "closed"),
        ([*failures(12, ids=2), ("timeout", 3)], "open"),
        ([*failures(9), (None, 9), *failures(9)], "closed"),
        ([*failures(9), ("gone", 9), *failures(9)], "closed"),
        ([*failures(9), ("malformed", 9), ("too_large", 9), *failures(1)], "open"),
        (failures(2, "blocked"), "closed"),
        (failures(3, "blocked"), "open"),
        (failures(3, "blocked", ids=1), "open"),
        ([("blocked", 1), ("blocked", 2), (None, 3), ("blocked", 4), ("blocked", 5)], "closed"),
        ([("blocked", 1), ("blocked", 2), ("gone", 3), ("blocked", 4), ("blocked", 5)], "closed"),
        ([("server", None)] * 50, "closed"),
        ([("server", f"listing page {i}") for i in range(10)], "open"),
    ],
)
def test_what_opens_it(outcomes: list[tuple[str | None, Id]], state: str) -> None:
    breaker = Watched()
    breaker.record_all(outcomes)
    assert breaker.state == state
    assert breaker.may_send(99) is (state == "closed")


def test_the_kinds_that_trip_are_those_of_the_contract() -> None:
    tripping = {"rate_limited", "server", "network", "timeout"}
    assert {kind.name for kind in KINDS.values() if kind.trips_breaker} == tripping


def test_nothing_goes_out_until_the_cooldown_is_over_then_one_probe_with_another_id() -> None:
    breaker = opened()
    assert breaker.seconds_until_probe() == 30
    breaker.pass_time(29.9)
    assert not breaker.may_send(99)
    breaker.pass_time(0.1)
    assert not breaker.may_send(1), "an id that failed is no probe"
    assert breaker.may_send(99)
    breaker.sent(99)
    assert breaker.state == "half_open"
    assert not breaker.may_send(98), "one probe at a time"
    breaker.record(None, 99)
    assert breaker.state == "closed"
    assert breaker.may_send(1)
    assert [state for state, _ in breaker.changes] == ["open", "half_open", "closed"]


def test_ids_that_failed_are_held_back_while_it_is_not_closed() -> None:
    breaker = opened()
    assert breaker.holds_back(1)
    assert not breaker.holds_back(99)
    breaker.record(None, 99)
    assert not breaker.holds_back(1)


def test_a_failed_id_may_probe_when_no_other_came_in_time() -> None:
    breaker = opened()
    breaker.pass_time(39.9)
    assert not breaker.may_send(1)
    breaker.pass_time(0.1)
    assert breaker.may_send(1)


@pytest.mark.parametrize("kind", ["server", "rate_limited", "network", "timeout", "blocked"])
def test_a_failed_probe_doubles_the_cooldown_up_to_its_cap(kind: str) -> None:
    breaker = opened()
    cooldowns = []
    for probe in range(100, 120):
        cooldowns.append(breaker.seconds_until_probe())
        breaker.pass_time(cooldowns[-1])
        breaker.sent(probe)
        breaker.record(kind, probe)
        assert breaker.state == "open"
    assert cooldowns == [30, 60, 120, 240, 480] + [LONGEST_COOLDOWN] * 15


def test_a_success_brings_the_first_cooldown_back() -> None:
    breaker = opened()
    breaker.pass_time(30)
    breaker.sent(99)
    breaker.record("server", 99)
    breaker.record(None, 98)
    breaker.record_all(failures(10))
    assert breaker.seconds_until_probe() == 30


@pytest.mark.parametrize("kind", ["malformed", "too_large", "unexpected"])
def test_a_probe_that_tells_nothing_is_followed_by_another(kind: str) -> None:
    breaker = opened()
    breaker.pass_time(30)
    breaker.sent(99)
    breaker.record(kind, 99)
    assert breaker.state == "open"
    assert breaker.may_send(98)


def test_late_failures_of_other_requests_are_not_the_probe() -> None:
    breaker = opened()
    breaker.record("server", 5)
    assert breaker.seconds_until_probe() == 30
    breaker.pass_time(30)
    breaker.sent(99)
    breaker.record("server", 6)
    assert breaker.state == "half_open"


def test_a_late_success_closes_it() -> None:
    breaker = opened()
    breaker.record(None, 5)
    assert breaker.state == "closed"


def test_a_probe_that_never_ends_does_not_hold_the_crawl_for_ever() -> None:
    breaker = opened()
    breaker.pass_time(30)
    breaker.sent(99)
    breaker.pass_time(PROBE_LOST_AFTER)
    assert breaker.may_send(98)


@pytest.mark.parametrize(("kind", "reason"), [("server", "circuit_breaker_open"), ("blocked", "blocked")])
def test_it_gives_up_with_a_close_reason(kind: str, reason: str) -> None:
    breaker = Watched()
    breaker.record_all(failures(10, kind))
    breaker.pass_time(3599)
    assert breaker.gave_up is None
    breaker.pass_time(1)
    assert breaker.gave_up == reason


def test_who_was_refused_last_is_shut_out() -> None:
    breaker = Watched()
    breaker.record_all(failures(2, "blocked"))
    assert not breaker.is_shut_out
    breaker.record("blocked", 9)
    assert breaker.is_shut_out
    breaker.record(None, 9)
    assert not breaker.is_shut_out
    breaker.record_all(failures(10))
    assert not breaker.is_shut_out


def test_it_gives_up_counting_from_the_first_opening_with_the_reason_of_the_last_probe() -> None:
    breaker = opened()
    breaker.pass_time(3000)
    breaker.sent(99)
    breaker.record("blocked", 99)
    breaker.pass_time(600)
    assert breaker.gave_up == "blocked"
    breaker.record(None, 98)
    assert breaker.gave_up is None


def test_the_attempts_that_opened_it_are_given_back_once() -> None:
    breaker = Watched()
    breaker.record_all([("server", 7), (None, 7), *failures(10)])
    assert breaker.take_blame() == {1: 4, 2: 3, 3: 3}
    assert breaker.take_blame() == {}
    breaker.record("server", 4)
    breaker.pass_time(30)
    breaker.sent(99)
    breaker.record("timeout", 99)
    assert breaker.take_blame() == {4: 1, 99: 1}


def test_where_there_is_a_control_nothing_else_is_the_probe() -> None:
    breaker = opened()
    assert not breaker.wants_control
    breaker.has_control = True
    breaker.pass_time(29.9)
    assert not breaker.wants_control
    breaker.pass_time(0.1)
    assert breaker.wants_control
    assert [breaker.may_send(id) for id in (1, 9, None)] == [False, False, True]
    breaker.sent(None)
    assert not breaker.wants_control
    breaker.record("server", None)
    assert (breaker.state, breaker.seconds_until_probe()) == ("open", 60)
    breaker.pass_time(60)
    assert breaker.may_send(None)


def test_after_a_good_probe_broken_ids_open_it_no_more_and_use_up_their_attempts() -> None:
    breaker = opened()
    breaker.pass_time(35)
    breaker.sent("control")
    breaker.record(None, "control")
    breaker.take_blame()
    breaker.record_all(failures(100))
    assert breaker.state == "closed"
    assert breaker.take_blame() == {}
    breaker.record_all([("server", id) for id in range(10, 20)])
    assert breaker.state == "open"
    assert breaker.take_blame() == dict.fromkeys(range(10, 20), 1)


def test_an_id_that_recovers_counts_again() -> None:
    breaker = opened()
    breaker.pass_time(30)
    breaker.sent(9)
    breaker.record_all([(None, 9), (None, 1), (None, 2), (None, 3)])
    breaker.record_all(failures(10))
    assert breaker.state == "open"


def test_a_success_that_was_no_probe_excuses_nobody() -> None:
    breaker = Watched()
    breaker.record_all([*failures(9), (None, 9), *failures(10)])
    assert breaker.state == "open"


def test_a_shorter_cooldown_is_told_as_it_is() -> None:
    clock, changes = Clock(), list[tuple[str, str]]()
    breaker = CircuitBreaker(10, 30.0, 3600.0, clock, lambda *change: changes.append(change), time_factor=10)
    for outcome in failures(10):
        breaker.record(*outcome)
    assert changes == [("open", "10 failures in a row, of 3 ids, last: server; next probe in 3 s")]
    clock.now += 2
    assert (breaker.open_seconds(), breaker.seconds_until_probe()) == (2, 1)
    assert not breaker.may_send(None)
    clock.now += 1
    assert breaker.may_send(None)
    clock.now += 356
    assert breaker.gave_up is None
    clock.now += 1
    assert breaker.gave_up == "circuit_breaker_open"
