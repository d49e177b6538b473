from __future__ import annotations

from n8n_scraper.scale.scaling import advice, table
from n8n_scraper.scale.scaling.ladders import LADDERS, Ladder, shortened, soak
from n8n_scraper.scale.scaling.measured import Measured
from n8n_scraper.scale.scaling.rules import judge
from tests.scale.scaling.steps import LINEAR, PACED, UNEQUAL, step

BENT = [step(), step(8), step(16, throughput=90.0, crawler_cpu=95.0), step(20, throughput=196.0)]


def _capacity(ladder: Ladder, steps: list[Measured]) -> advice.Capacity | None:
    return advice.capacity(ladder, judge(ladder, steps))


def test_capacity_is_of_the_last_step_before_any_failed_with_a_margin() -> None:
    found = _capacity(LINEAR, BENT)
    assert found
    assert found.step is BENT[1]
    assert found.per_second == 78.4 * (1 - advice.MARGIN)
    assert "27.4 times the true rate" in found.sentence(LINEAR)


def test_of_unlike_work_what_is_slowest_has_to_fit_too() -> None:
    steps = [step(throughput=30.0, crawler_cpu=30.0), step(throughput=20.0, crawler_cpu=30.0)]
    found = _capacity(UNEQUAL, steps)
    assert found
    assert found.step is steps[1]
    assert any(
        "66.7 workflows/s (a workflow takes 15 ms" in line for line in table.lines(UNEQUAL, judge(UNEQUAL, steps))
    )
    assert any("100 workflows/s (a workflow takes 10 ms" in line for line in table.lines(LINEAR, judge(LINEAR, steps)))


def test_no_capacity_where_the_baseline_failed() -> None:
    assert _capacity(LINEAR, [step(failed=1), step(2)]) is None


def test_at_the_promise_more_is_of_no_use_and_that_is_said() -> None:
    paced = [step(load, rate=2.0, throughput=2.0, busiest_ten_seconds=21, limiter_wait=1.0) for load in (1, 16)]
    verdicts = judge(PACED, paced)
    found = advice.capacity(PACED, verdicts)
    assert found
    assert "more load brings no more of it" in found.sentence(PACED)
    assert advice.when_to_scale(verdicts)[-1].startswith("not at all at the promised rate: more flows")
    assert not any(sentence.startswith("not at all") for sentence in advice.when_to_scale(judge(LINEAR, BENT)))


def test_thresholds_come_from_what_was_measured() -> None:
    bounds = {one.quantity: one.bound for one in advice.thresholds(step(), step(2, processes=2, memory=300.0))}
    assert bounds["service time"].startswith("p95 > 208 ms")
    assert bounds["memory"] == "> 225 MB for each process"
    assert bounds["threads"] == "> 9 for each process"
    assert "memory" not in {one.quantity for one in advice.thresholds(step(), step(memory=None))}


def test_the_table_has_a_row_and_a_bottleneck_for_each_step() -> None:
    lines = list(table.lines(LINEAR, judge(LINEAR, BENT)))
    assert len([line for line in lines if line.startswith("| ")]) == 1 + len(BENT)
    assert any("16 flows: CPU of the crawler (its one thread has 95 %" in line for line in lines)
    assert any("efficiency 0.574, not > 0.8; ⚑ CPU 95 %" in line for line in lines)
    assert "- bends at: 16 flows" in lines
    assert any("its CPU: 1,960 workflows/s (a workflow takes 0.51 ms of a core at 20 flows)" in line for line in lines)
    written = table.as_json(LINEAR, judge(LINEAR, BENT))
    assert written["passed"] is False
    assert [one["passed"] for one in written["steps"]] == [True, True, False, True]


def test_ladders_are_those_of_the_plan() -> None:
    assert [one.flows for one in LADDERS["flows"].steps] == [1, 2, 4, 8, 10, 16, 20]
    assert [one.processes for one in LADDERS["processes"].steps] == [1, 2, 4]
    assert [one.flows for one in LADDERS["burst"].steps] == [2, 8, 15, 20, 15, 8, 2]
    assert all(one.rate == 2.0 for one in LADDERS["promise"].steps)
    assert {(one.flows, one.workflows) for one in LADDERS["heavy"].steps} == {(4, 200)}
    assert [one.workflows for one in LADDERS["flows"].steps] == [50, 100, 200, 400, 500, 500, 500]
    assert [one.workflows for one in LADDERS["burst"].steps] == [60, 240, 300, 300, 300, 240, 60]
    assert [(one.processes, one.flows, one.workflows) for one in LADDERS["promise"].steps] == [
        (1, 1, 20), (1, 16, 20), (2, 8, 20),
    ]  # fmt: skip
    assert soak(3).steps[0].workflows == 3 * 60 * 20
    assert {one.workflows for one in shortened(LADDERS["flows"], 9).steps} == {9}
    for ladder in LADDERS.values():
        assert len({one.label for one in ladder.steps}) == len(ladder.steps)


def test_foreign_load_is_said_beside_the_table() -> None:
    quiet = list(table.lines(LINEAR, judge(LINEAR, BENT)))
    assert not any("COMPARABLE" in line or "nobody could tell" in line for line in quiet)
    loud = judge(LINEAR, [step(), step(2, foreign_share=0.5, foreign_cpu=150.0), step(4, foreign_share=None)])
    text = "\n".join(table.lines(LINEAR, loud))
    assert "NOT COMPARABLE: others used the machine in 1 of 3 steps, up to 150 % of a core" in text
    assert "in 1 of 3 steps nobody could tell" in text


def test_what_was_not_measured_has_no_threshold_and_no_limit() -> None:
    bare = step(p95=None, threads=None, memory=None, crawler_cpu=None)
    assert {one.quantity for one in advice.thresholds(bare, bare)} == {
        "CPU of the crawler",
        "failed workflows",
        "requests",
    }
    assert not any("limit of one process" in line for line in table.lines(LINEAR, judge(LINEAR, [bare])))
    assert shortened(LADDERS["flows"], None) is LADDERS["flows"]


def test_where_the_baseline_failed_nothing_is_to_be_watched() -> None:
    lines = list(table.lines(LINEAR, judge(LINEAR, [step(failed=1), step(2)])))
    assert "- capacity: none: not even the baseline passed" in lines
    assert not any(line.startswith("- watch") for line in lines)
