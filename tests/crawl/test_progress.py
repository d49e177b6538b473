"""What a crawl tells while it runs, and what it leaves for the next start."""

from __future__ import annotations

import argparse
import io
import json
import re
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from scrapy.settings import Settings

from n8n_scraper.commands.status import Command
from n8n_scraper.replica.process import running_replica
from n8n_scraper.scale import audit

from .conftest import Crawl, Crawler

COUNT, KILLED_AT, RATE = 130, 85, 25
LINE = re.compile(
    r"(\d+) of (\d+) workflows: complete (\d+) · partial (\d+) · gone (\d+) · failed (\d+)(?: · about (\S+) left)?"
)


class Line(NamedTuple):
    done: int
    planned: int
    complete: int
    partial: int
    gone: int
    failed: int
    eta: str | None


def progress(said: str) -> list[Line]:
    return [Line(*map(int, found.groups()[:6]), found[7]) for found in LINE.finditer(said)]


def told(crawl: Crawler, *words: str) -> str:
    """What ``scrapy status`` says here, in another process than the crawl's."""
    command = Command()
    command.settings = Settings({"DATABASE_URL": crawl.database_url})
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    command.add_options(parser)
    options, rest = parser.parse_known_args(words)
    with redirect_stdout(io.StringIO()) as said:
        command.run(rest, options)
    assert command.exitcode == 0
    return said.getvalue()


def status(crawl: Crawler, *words: str) -> dict[str, Any]:
    checkpoint: dict[str, Any] = json.loads(told(crawl, *words, "--json"))
    return checkpoint


class Resumed(NamedTuple):
    first_said: str
    while_running: str
    when_killed: str
    at_the_kill: dict[str, Any]
    saved: list[dict[str, Any]]
    """Checkpoints of both runs, in their order."""
    jobdir: Path
    checkpoint: set[int]
    """Ids that were done when the first run was killed."""
    stored: set[int]
    second: Crawl
    answers_to_second: set[int]


@pytest.fixture(scope="module")
def resumed(module_crawl: Crawler, tmp_path_factory: pytest.TempPathFactory) -> Resumed:
    """A crawl killed with -9, and the same command again."""
    jobdir = tmp_path_factory.mktemp("jobs") / "run1"
    settings = {"JOBDIR": jobdir, "N8N_SCRAPER_REQUESTS_PER_SECOND": RATE}
    gone = {"id": [3, 4], "route": "detail", "kind": "404"}
    with running_replica(count=COUNT, icons=0, faults=[gone]) as replica:
        last = max(entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published")
        waits = {"id": last, "route": "detail", "kind": "503", "times": 1, "retry_after": "12"}
        replica.set_faults(gone, waits)
        process = module_crawl.start(replica, **settings)
        module_crawl.wait_for("exists (select from checkpoints)", process)
        while_running = told(module_crawl)
        module_crawl.wait_for(f"(select count(*) >= {KILLED_AT} from job_ids where is_done)", process)
        process.kill()
        said, _ = process.communicate()
        when_killed, at_the_kill = told(module_crawl), status(module_crawl)
        checkpoint = {row["id"] for row in module_crawl.query("select id from job_ids where is_done")}
        stored = {row["id"] for row in module_crawl.query("select id from observed")}
        before = len(replica.entries())
        second = module_crawl(replica, **settings)
        assert second.code == 0, second.said
        saved = module_crawl.query("select * from checkpoints order by checkpoint_id")
        asked = set(audit.usable_answers(replica.entries()[before:]))
        return Resumed(said, while_running, when_killed, at_the_kill, saved, jobdir, checkpoint, stored, second, asked)


def test_progress_updates(resumed: Resumed) -> None:
    first, second = progress(resumed.first_said), progress(resumed.second.said)
    assert first, "a line every 50 workflows or 10 seconds"
    assert [line.done for line in first] == sorted({line.done for line in first})
    assert {line.planned for line in first} == {COUNT}
    assert first[-1].gone == 2
    assert all(line.done == line.complete + line.partial + line.gone + line.failed for line in first + second)
    left = COUNT - len(resumed.checkpoint)
    assert second[-1][:3] == (left, left, left)


def test_eta_calculation(resumed: Resumed) -> None:
    line = progress(resumed.first_said)[0]
    assert line.eta is not None
    hours, minutes, seconds = map(int, line.eta.split(":"))
    expected = (COUNT - line.done) / RATE
    assert abs(hours * 3600 + minutes * 60 + seconds - expected) <= 2 + expected / 2
    assert progress(resumed.second.said)[-1].eta is None


def test_a_run_in_another_process_is_told_from_the_store(resumed: Resumed) -> None:
    assert re.search(r"  running for 0:00:\d\d \(process \d+ on ", resumed.while_running)
    assert f"{RATE} in force · {RATE} promised" in resumed.while_running
    assert re.search(r"job +/.+/run1: \d+ of \d+ done, being crawled", resumed.while_running)


def test_a_dead_run_is_never_told_as_running(resumed: Resumed) -> None:
    head = resumed.when_killed.splitlines()[0]
    assert re.search(r"  (dead: it never ended, and|silent:) process \d+ on ", head)
    assert "left" not in resumed.when_killed.split("outcomes")[0], "no time left: it is over"
    left = COUNT - len(resumed.checkpoint)
    assert re.search(rf"left +not asked {left}: \d+, ", resumed.when_killed)


def test_checkpoint_save_restore(resumed: Resumed) -> None:
    """Done is what is committed, no more and no less; a kill takes nothing of it."""
    checkpoint = resumed.at_the_kill
    assert checkpoint["processed"] == checkpoint["successful"] + checkpoint["failed"]
    assert checkpoint["processed"] + checkpoint["remaining"] == checkpoint["total_workflows"] == COUNT
    behind = len(resumed.checkpoint) - checkpoint["processed"]
    assert 0 <= behind < 50 + 50, "a checkpoint's interval, and the batch that was just committed"
    assert checkpoint["last_workflow_id"] in resumed.stored
    assert resumed.checkpoint == resumed.stored
    assert KILLED_AT <= len(resumed.checkpoint) < COUNT
    assert resumed.second.stats()["run/planned_count"] == COUNT - len(resumed.checkpoint)


def test_resume_from_checkpoint(resumed: Resumed) -> None:
    assert not resumed.answers_to_second & resumed.checkpoint
    assert {row["id"] for row in resumed.second.feed()} | resumed.checkpoint == {
        row["id"] for row in resumed.second.snapshot()
    }
    assert len(resumed.second.snapshot()) == COUNT


def test_a_checkpoint_at_least_every_50_workflows_and_every_10_seconds(resumed: Resumed) -> None:
    runs = {row["run_id"] for row in resumed.saved}
    assert len(runs) == 2
    for run in runs:
        saved = [row for row in resumed.saved if row["run_id"] == run]
        assert all(later["processed"] - earlier["processed"] <= 50 for earlier, later in pairwise(saved))
        gaps = [(later["taken_at"] - earlier["taken_at"]).total_seconds() for earlier, later in pairwise(saved)]
        assert max(gaps) < 10 + 20, "on a busy machine"
    second = [row["processed"] for row in resumed.saved if row["run_id"] == resumed.saved[-1]["run_id"]]
    assert second[-1] - 1 in second[:-1], "also while nothing comes: the last one waits 12 s for its retry"


def test_what_is_planned_is_told_as_soon_as_it_is_known(resumed: Resumed) -> None:
    told = [row["processed"] for row in resumed.saved if row["total_workflows"] == COUNT]
    assert min(told) < 50, "not only with the first 50 workflows, or after 10 seconds"


def test_statistics_accuracy(resumed: Resumed) -> None:
    """What a finished run's last checkpoint says is what its stats and the store say."""
    last, stats = resumed.saved[-1], resumed.second.stats()
    assert (last["total_workflows"], last["processed"], last["remaining"]) == (stats["run/planned_count"],) * 2 + (0,)
    assert last["processed"] == stats["workflow/item_count"] == len(resumed.second.feed())
    assert (last["successful"], last["failed"], last["eta_seconds"]) == (last["processed"], 0, 0)
    assert last["outcomes"]["statuses"]["complete"] == stats["workflow/item_count/complete"]
    assert last["limiter"]["request_count"] == stats["rate/request_count"]
    assert last["limiter"]["wait_seconds"] == pytest.approx(stats["rate/wait_seconds"], abs=0.001)
    scores = [row["quality_score"] for row in resumed.second.feed()]
    assert last["outcomes"]["quality_mean"] == pytest.approx(sum(scores) / len(scores))
    assert 0.5 / RATE < last["avg_time"] <= stats["elapsed_time_seconds"] / (last["processed"] - 1)


def test_the_last_run_of_a_job_is_found_by_its_jobdir(resumed: Resumed, module_crawl: Crawler) -> None:
    said = told(module_crawl, "--job", str(resumed.jobdir))
    assert "ended: finished (exit code 0)" in said
    assert f"run1: {COUNT} of {COUNT} done\n" in said
