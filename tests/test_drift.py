"""When a gap is a workflow's own, and when the site has changed: outcome tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.drift import LEAST_ANSWERS, WINDOW, WINDOW_AT_END, DriftWatch, Tally

NAME = ("detail", "name")
VIEWS = ("detail", "views")
USUAL = {NAME: Tally(1000, 10)}


def run(watch: DriftWatch[int], answers: str, *, settle: bool = True) -> list[int]:
    """Feed answers (``x`` has the field, ``.`` lacks it); the rows passed on, by their place."""
    passed = [held.row for place, sign in enumerate(answers) for held in watch.take({NAME: sign == "x"}, place)]
    return passed + [held.row for held in watch.settle()] if settle else passed


@pytest.mark.parametrize(
    ("answers", "held", "has_drifted"),
    [
        ("xxxx", 0, False),
        ("x.x..x", 0, False),
        ("x" + "." * (WINDOW - 1) + "x", 0, False),
        ("x" + "." * WINDOW, WINDOW, True),
        ("." * WINDOW, WINDOW, True),
        ("x" + "." * (WINDOW_AT_END - 1), 0, False),
        ("x" + "." * WINDOW_AT_END, WINDOW_AT_END, True),
        ("x" + "." * WINDOW + "x.xx", WINDOW + 1, True),
    ],
)
def test_a_row_of_gaps_is_drift_and_a_single_one_is_not(answers: str, held: int, has_drifted: bool) -> None:
    watch: DriftWatch[int] = DriftWatch(USUAL)
    passed = run(watch, answers)
    assert len(watch.held) == held
    assert bool(watch.drifted) == has_drifted
    assert sorted(passed + [one.row for one in watch.held]) == list(range(len(answers)))


@pytest.mark.parametrize(
    ("tally", "is_watched"),
    [
        (Tally(LEAST_ANSWERS, 0), True),
        (Tally(LEAST_ANSWERS - 1, 0), False),
        (Tally(99, 1), True),
        (Tally(98, 2), False),
        (Tally(), False),
    ],
)
def test_only_what_was_usual_can_be_missed(tally: Tally, is_watched: bool) -> None:
    watch: DriftWatch[int] = DriftWatch({NAME: tally})
    run(watch, "." * WINDOW)
    assert bool(watch.drifted) == is_watched


def test_earlier_answers_of_the_same_run_count() -> None:
    watch: DriftWatch[int] = DriftWatch({})
    run(watch, "x" * LEAST_ANSWERS + "." * WINDOW)
    assert watch.drifted == {NAME}
    assert watch.tallies[NAME] == Tally(LEAST_ANSWERS, 0), "what is held back is not counted"


def test_a_gap_of_its_own_is_counted_when_it_is_passed_on() -> None:
    watch: DriftWatch[int] = DriftWatch(USUAL)
    assert run(watch, "x.", settle=False) == [0]
    assert run(watch, "x", settle=False) == [1, 0]
    assert watch.tallies[NAME] == Tally(1002, 11)


def test_fields_are_judged_apart() -> None:
    watch: DriftWatch[int] = DriftWatch({NAME: Tally(100, 0), VIEWS: Tally(100, 0)})
    for place in range(WINDOW):
        watch.take({NAME: place % 2 == 0, VIEWS: False}, place)
    assert watch.drifted == {VIEWS}
    assert watch.missing(VIEWS) == list(range(WINDOW))


def test_turned_off_it_holds_nothing() -> None:
    watch: DriftWatch[int] = DriftWatch(USUAL, is_on=False)
    assert run(watch, "." * 20, settle=False) == list(range(20))


@given(st.text(alphabet="x.", max_size=60))
def test_nothing_is_lost_or_passed_on_twice(answers: str) -> None:
    watch: DriftWatch[int] = DriftWatch(USUAL)
    passed = run(watch, answers)
    assert sorted(passed + [one.row for one in watch.held]) == list(range(len(answers)))
    assert bool(watch.held) <= bool(watch.drifted)
