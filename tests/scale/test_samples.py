"""What a sample says, and what it leaves unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.samples import NAMES, Rate, as_sample, foreign_share, mean, most, read_samples


@pytest.mark.parametrize(
    ("readings", "rates"),
    [
        ([(0, 10)], [None]),
        ([(0, 10), (1, 15)], [None, 5]),
        ([(0, 10), (2, 15)], [None, 2.5]),
        ([(0, 10), (1, 10)], [None, 0]),  # measured, and nothing happened
        ([(0, 10), (1, None), (2, 30)], [None, None, 10]),  # over all the time since it was last known
        ([(0, 10), (1, 3), (2, 4)], [None, None, 1]),  # it began anew
        ([(0, None), (1, 3)], [None, None]),
        ([(1, 3), (1, 4)], [None, None]),
    ],
)
def test_a_rate_is_of_what_was_counted_since_the_last_reading(
    readings: list[tuple[float, float | None]], rates: list[float | None]
) -> None:
    rate = Rate()
    assert [rate.per_second(*reading) for reading in readings] == rates


@pytest.mark.parametrize(("foreign_cpu", "flag"), [(None, None), (0.0, False), (20.0, False), (20.1, True)])
def test_a_sample_is_complete_and_flagged(foreign_cpu: float | None, flag: bool | None) -> None:
    sample = as_sample(3.00049, {"foreign_cpu": foreign_cpu, "queue": 7, "of no interest": 1.0})
    assert list(sample) == ["t", *NAMES]
    assert sample["foreign"] is flag
    assert (sample["t"], sample["queue"]) == (3.0, 7)
    assert sample["crawler_cpu"] is None


def test_only_whole_lines_are_read(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text('{"t": 1}\n{"t": 2}\n{"t":', encoding="utf-8")
    assert [sample["t"] for sample in read_samples(file)] == [1, 2]
    with pytest.raises(StartError, match="nowhere"):
        read_samples(tmp_path / "nowhere.jsonl")


def test_figures_are_of_what_was_measured() -> None:
    samples = [as_sample(1, {"items": 2.0, "foreign_cpu": 90.0}), as_sample(2, {}), as_sample(3, {"items": 4.0})]
    assert mean(samples, "items") == 3
    assert most(samples, "items") == 4
    assert foreign_share(samples) == 1
    assert mean(samples, "wal") is most([], "items") is foreign_share(samples[1:]) is None
