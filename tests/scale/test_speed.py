from __future__ import annotations

import pytest

from n8n_scraper.scale.speed import (
    MB,
    Measured,
    Sample,
    cheapest,
    memory_lines,
    memory_sentence,
    missed,
    speed_lines,
    stage_lines,
)


def _measured(name: str, cpu_seconds: float, *, mb_each: float = 0.0, foreign: float = 0.0) -> Measured:
    """1,000 workflows in 100 s, after a start that cost one second of CPU."""
    samples = [Sample(1.0, 0, 1.0, 100 * MB)]
    for tenth in range(1, 11):
        rss = 100 * MB + (tenth > 1) * 50 * MB + round(mb_each * tenth * 100 * MB)
        samples.append(Sample(tenth * 10.0, tenth * 100, 1 + tenth * (cpu_seconds - 1) / 10, rss))
    return Measured(name, 1000, samples, 1.5, foreign)


def test_ratios_come_first_and_a_disturbed_run_is_flagged() -> None:
    bare, ours = _measured("bare", 4.0), _measured("ours", 10.0, foreign=0.3)
    lines = list(speed_lines(bare, [ours]))
    assert {line.count("|") for line in lines} == {9}, "else it is no table"
    assert lines[2:] == [
        "| ours | 0.40 | 10.00 | 1.00 | 10 | 150 | 1.5 | 30% ! |",
        "| bare | 1.00 | 4.00 | 1.00 | 10 | 150 | 1.5 | 0% |",
    ]


@pytest.mark.parametrize(
    ("bare", "ours", "count"), [(4.0, 4.9, 0), (4.0, 6.0, 1), (2.4, 4.9, 1), (4.0, 20.0, 2), (2.5, 5.0, 1)]
)
def test_aims(bare: float, ours: float, count: int) -> None:
    assert len(missed(_measured("bare", bare), _measured("ours", ours))) == count


def test_the_cheapest_of_several_rounds_counts() -> None:
    rounds = [_measured("a", 9.0), _measured("b", 7.0), _measured("c", 8.0)]
    assert cheapest(rounds).name == "b"


def test_memory_is_fitted_where_the_crawl_was_warm() -> None:
    flat, growing = _measured("flat", 5.0), _measured("growing", 5.0, mb_each=0.002)
    assert flat.mb_per_10_000() == pytest.approx(0, abs=0.01)
    assert growing.mb_per_10_000() == pytest.approx(20, abs=0.01)
    assert "+20.0 MB for every 10,000" in memory_sentence(growing)
    assert len(list(memory_lines(flat))) == 2 + 11


def test_a_crawl_too_short_to_be_fitted_has_no_slope() -> None:
    assert Measured("short", 1, [Sample(1.0, 1, 1.0, MB)], 0.0, 0.0).mb_per_10_000() == 0.0


def test_what_the_stages_leave_is_the_rest() -> None:
    lines = list(stage_lines({"layers": 0.002, "quality": 0.001}, _measured("ours", 10.0)))
    assert lines[2:4] == ["| layers | 2.00 | 20% |", "| quality | 1.00 | 10% |"]
    assert lines[4].endswith("| 7.00 | 70% |")
