from __future__ import annotations

from typing import Any

from n8n_scraper.scale.again import Again, choose, lines
from n8n_scraper.scale.run_folder import Outcome


def _outcome(id: int, **fields: Any) -> Outcome:
    usual: dict[str, Any] = {"id": id, "error_kind": None, "service_seconds": 1.0, "is_as_expected": True}
    return {**usual, **fields}  # type: ignore[typeddict-item]  # one is left out on purpose


def test_exactly_the_failed_the_unexpected_and_the_slow_are_asked_for_again() -> None:
    outcomes = [_outcome(id) for id in range(95, 0, -1)]
    outcomes += [_outcome(id, service_seconds=2.0) for id in (102, 101)]
    outcomes += [
        _outcome(103, error_kind="server"),
        _outcome(104, error_kind="gone"),
        _outcome(105, is_as_expected=False, service_seconds=None),
    ]
    again = choose(outcomes)
    assert (again.unexpected, again.failed, again.slow, again.slow_from) == ((105,), (103,), (101, 102), 1.0)
    assert again.ids == (101, 102, 103, 105)


def test_of_no_outcome_nothing_is_asked_for_again() -> None:
    assert choose([]) == ((), (), (), None)


def test_what_holds_when_asked_for_again_is_told() -> None:
    chosen = Again(unexpected=(1, 2), failed=(3, 4), slow=(5, 6), slow_from=1.5)
    after = [
        _outcome(1),
        _outcome(2, is_as_expected=False),
        _outcome(3, error_kind="server"),
        _outcome(4, error_kind="server", is_as_expected=False),
        _outcome(5, service_seconds=1.0),
        _outcome(6, service_seconds=2.0),
    ]
    assert list(lines(chosen, after)) == [
        "2 were not as expected: 1 (not 2) as expected now",
        "2 failed: 0 no more, 1 again as planned; 1 (not 4) hold now",
        "2 were slow (over 1.50 s): 1 (not 6) are faster now",
    ]


def test_where_nothing_was_chosen_nothing_is_claimed() -> None:
    assert list(lines(Again((), (), (), None), [])) == [
        "0 were not as expected: 0 as expected now",
        "0 failed: 0 no more, 0 again as planned; 0 hold now",
        "0 were slow (over 0.00 s): 0 are faster now",
    ]
