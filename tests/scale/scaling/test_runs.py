"""A short ladder, really climbed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from n8n_scraper.commands.scale import Command
from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.samples import read_samples
from n8n_scraper.scale.scaling import runs
from n8n_scraper.scale.scaling.ladders import Ladder, Step

SHORT = Ladder(
    name="short",
    does="one flow, then two processes of four at a rate",
    steps=(
        Step(label="one", load=1, flows=1, workflows=12),
        Step(label="two", load=2, flows=4, processes=2, rate=6.0, workflows=24, templates="large"),
    ),
    is_linear=False,
    shares_store=True,
)


class Climbed(NamedTuple):
    steps: list[dict[str, Any]]
    said: str
    out: Path


@pytest.fixture(scope="module")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> Climbed:
    out = tmp_path_factory.mktemp("results") / "new"
    said: list[str] = []
    runs.run([SHORT], tmp_path_factory.mktemp("ladder"), out, lambda *lines: said.extend(lines))
    [result] = json.loads((out / runs.RESULT).read_text(encoding="utf-8"))
    return Climbed(result["steps"], "\n".join(said), out)


def test_every_step_crawled_all_of_its_workflows(climbed: Climbed) -> None:
    one, two = climbed.steps
    assert (one["exit_codes"], two["exit_codes"]) == ([0], [0, 0])
    for step, count in ((one, 12), (two, 24)):
        whole = {"name": "complete rows", "figure": count, "bound": f"= {count}", "is_passed": True}
        assert step["checks"][0] == whole


def test_what_limits_a_step_is_seen(climbed: Climbed) -> None:
    one, two = climbed.steps
    assert 1 < one["throughput"] <= 10.5, "one flow, a tenth of a second an answer"
    assert one["p50"] >= 0.1
    assert two["throughput"] <= 6.5
    assert two["busiest_ten_seconds"] <= 61
    assert all(step["memory"] > 50 for step in climbed.steps)


def test_samples_are_kept_of_each_step(climbed: Climbed) -> None:
    for number, processes in ((1, 1), (2, 2)):
        samples = read_samples(climbed.out / f"short-{number}" / "samples.jsonl")
        assert max(sample["crawler_processes"] or 0 for sample in samples) == processes
        assert any(sample["query_time"] for sample in samples)


def test_it_is_told(climbed: Climbed) -> None:
    assert "| one | " in climbed.said
    assert "| two | " in climbed.said
    assert "- degrades gracefully: " in climbed.said


def test_an_unknown_ladder_is_refused(run_command: Callable[..., Any]) -> None:
    said = run_command(Command(), "scaling", "stairs")
    assert said.exit_code == 1
    assert "there is no ladder 'stairs', only promise, flows, processes" in said.err


def test_results_are_never_written_over(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="File exists"):
        runs.run([], tmp_path, tmp_path, print)
