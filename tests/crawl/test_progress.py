"""What a crawl tells while it runs, and what it leaves for the next start."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

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


class Resumed(NamedTuple):
    first_said: str
    checkpoint: set[int]
    """Ids that were done when the first run was killed."""
    stored: set[int]
    second: Crawl
    answers_to_second: set[int]


@pytest.fixture(scope="module")
def resumed(module_crawl: Crawler, tmp_path_factory: pytest.TempPathFactory) -> Resumed:
    """A crawl killed with -9, and the same command again."""
    settings = {"JOBDIR": tmp_path_factory.mktemp("jobs") / "run1", "N8N_SCRAPER_REQUESTS_PER_SECOND": RATE}
    with running_replica(count=COUNT, icons=0, faults=[{"id": [3, 4], "route": "detail", "kind": "404"}]) as replica:
        process = module_crawl.start(replica, **settings)
        module_crawl.wait_for(f"(select count(*) >= {KILLED_AT} from job_ids where is_done)", process)
        process.kill()
        said, _ = process.communicate()
        checkpoint = {row["id"] for row in module_crawl.query("select id from job_ids where is_done")}
        stored = {row["id"] for row in module_crawl.query("select id from observed")}
        before = len(replica.entries())
        second = module_crawl(replica, **settings)
        assert second.code == 0, second.said
        return Resumed(said, checkpoint, stored, second, set(audit.usable_answers(replica.entries()[before:])))


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


def test_checkpoint_save_restore(resumed: Resumed) -> None:
    """Done is what is committed, no more and no less; a kill takes nothing of it."""
    assert resumed.checkpoint == resumed.stored
    assert KILLED_AT <= len(resumed.checkpoint) < COUNT
    assert resumed.second.stats()["run/planned_count"] == COUNT - len(resumed.checkpoint)


def test_resume_from_checkpoint(resumed: Resumed) -> None:
    assert not resumed.answers_to_second & resumed.checkpoint
    assert {row["id"] for row in resumed.second.feed()} | resumed.checkpoint == {
        row["id"] for row in resumed.second.snapshot()
    }
    assert len(resumed.second.snapshot()) == COUNT
