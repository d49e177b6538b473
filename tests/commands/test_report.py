"""``scrapy report`` on a store with two runs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from n8n_scraper.commands.report import Command
from n8n_scraper.progress import Breaker, Checkpoint, Limiter, Outcomes
from n8n_scraper.store import checkpoints, jobs, runs
from n8n_scraper.store.database import connect

FIRST, SECOND = "20261123T061500Z-3f2a", "20261124T061500Z-0b1c"
RUNS = f"""
insert into runs (run_id, arguments, settings, versions, started_at, ended_at, close_reason, exit_code, stats)
select run_id, '{{}}', '{{"N8N_SCRAPER_CHECKS": "off"}}', '{{}}', started, started + interval '1 minute', 'finished', 0,
       '{{"run/planned_count": 7}}'
from (values ('{FIRST}', timestamptz '2026-11-23 06:15Z'), ('{SECOND}', '2026-11-24 06:15Z')) as run (run_id, started);
insert into observed (id, crawl_status, layer1_status, layer2_status, layer3_status, media_status,
    transcripts_status, first_seen_at, attempt_count, request_count, service_seconds, run_id)
select id, 'complete', 'ok', 'ok', 'ok', 'skipped', 'skipped', now(), 1, 1, 0.1, '{SECOND}' from generate_series(1, 40) id;
insert into run_workflows (run_id, id, committed_at, crawl_status, layer1_status, layer2_status, layer3_status, content,
    error_kind, attempt_count, request_count, service_seconds)
select run_id, id, now(), 'complete', 'ok', 'ok', 'ok', 'new',
       case when (run_id = '{FIRST}' and id in (3, 4)) or (run_id = '{SECOND}' and id in (4, 5)) then 'server' end, 1, 1, id
from (values ('{FIRST}'), ('{SECOND}')) as run (run_id), generate_series(1, 40) id
"""


class Said(NamedTuple):
    exit_code: int
    out: str
    err: str


@pytest.fixture
def report(database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(RUNS)

    def run(*words: str) -> Said:
        command = Command()
        command.settings = Settings(
            {"DATABASE_URL": database_url, "N8N_SCRAPER_EXPORT_DIR": str(tmp_path), "N8N_SCRAPER_DATA_DIR": "/none"}
        )
        parser = argparse.ArgumentParser(conflict_handler="resolve")
        command.add_options(parser)
        options, rest = parser.parse_known_args(words)
        command.run(rest, options)
        return Said(command.exitcode, *capsys.readouterr())

    return run


def test_the_last_run_and_one_by_its_beginning(report: Callable[..., Said], tmp_path: Path) -> None:
    told = report()
    assert told.exit_code == 0, told.err
    assert told.out.startswith(f"Run {SECOND}: finished (exit code 0)")
    assert {path.name for path in (tmp_path / "runs" / SECOND).iterdir()} == {"report.html", "report.md", "report.json"}
    assert report("20261123").out.startswith(f"Run {FIRST}: ")
    assert report(FIRST, "-o", str(tmp_path / "elsewhere")).exit_code == 0
    assert (tmp_path / "elsewhere" / "report.html").is_file()


def test_two_runs_compared(report: Callable[..., Said], tmp_path: Path) -> None:
    told = report("--compare", FIRST, SECOND)
    assert told.exit_code == 0, told.err
    assert "1 workflows that came then failed now, 1 the other way round. Times are not comparable." in told.out
    text = (tmp_path / "runs" / SECOND / f"compare-{FIRST}.md").read_text(encoding="utf-8")
    assert "| came then, failed now | 1 | 5 |" in text
    assert "| failed then, came now | 1 | 3 |" in text
    assert "| failed both times | 1 | 4 |" in text


@pytest.mark.parametrize(
    ("lists", "ids"), [("failed", "4,5"), ("server", "4,5"), ("slow", "39,40"), ("failed,slow", "4,5,39,40")]
)
def test_ids_for_the_next_crawl(report: Callable[..., Said], tmp_path: Path, lists: str, ids: str) -> None:
    told = report("--ids", lists)
    assert (told.exit_code, told.out) == (0, f"{ids}\n"), told.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("2025",), f"There is no run '2025'; the last ones are {SECOND}, {FIRST}."),
        (("2026",), "more than one begins so"),
        (("--ids", "slw"), "Did you mean slow?"),
        (("--ids", "gone"), "has none of: gone"),
        (("--ids", ","), "without a list"),
        (("--ids", "bogus", "2025"), "there is no list 'bogus'"),
        (("-o", __file__), "it is a file; give a folder"),
        (("-o", "/proc/nowhere"), "/proc/nowhere: No such file or directory; give another folder with -o"),
        (("--compare", FIRST, "20261123"), f"both are run {FIRST}; give two"),
    ],
)
def test_what_is_not_there_is_one_sentence(report: Callable[..., Said], words: tuple[str, ...], said: str) -> None:
    refused = report(*words)
    assert refused.exit_code == 1
    assert said in refused.err


def test_a_run_without_an_end_is_told_from_its_last_checkpoint_and_its_job(
    report: Callable[..., Said], tmp_path: Path, database_url: str
) -> None:
    killed = "20261125T061500Z-dead"
    limiter = Limiter(request_count=12, wait_seconds=3.5, retry_count=2)
    numbers = {"processed": 0, "successful": 0, "failed": 0, "remaining": 9, "avg_time": None, "eta_seconds": None}
    now = datetime.now(timezone.utc)
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        job = jobs.open_job(cursor, "/jobs/a", {})
        jobs.prepare(cursor, job.id, map(jobs.JobId, (1, 2, 3)))
        runs.begin(cursor, runs.Run(killed, job.id, {}, {}, {}))
        cursor.execute("update runs set pid = 0, started_at = '2026-11-25' where run_id = %s", (killed,))
        last = {"last_workflow_id": None, "timestamp": now, "breaker": Breaker(), "outcomes": Outcomes()}
        checkpoints.add(cursor, killed, Checkpoint(total_workflows=9, limiter=limiter, **numbers, **last))
        cursor.execute("select pg_advisory_unlock_all()")  # a closed connection holds the job a moment longer
    told = report("20261125")
    assert "It is dead: it never ended, and its process is gone; " in told.out
    assert "Left: 3 not asked." in told.out
    sections = json.loads((tmp_path / "runs" / killed / "report.json").read_text(encoding="utf-8"))["sections"]
    assert (sections["summary"]["summary"]["planned"], sections["summary"]["summary"]["requests"]) == (9, 12)
    assert sections["time"]["waiting"]["rate_wait"] == 3.5
    assert sections["left"]["left"][0]["ids"] == [1, 2, 3]
    assert "| requests | 12 (at its last checkpoint) |" in (tmp_path / "runs" / killed / "report.md").read_text(
        encoding="utf-8"
    )


def test_two_runs_one_of_which_found_workflows_gone(
    report: Callable[..., Said], tmp_path: Path, database_url: str
) -> None:
    gone = "update run_workflows set error_kind = 'gone', layer1_status = 'gone', layer2_status = 'gone',"
    gone += " layer3_status = 'gone', crawl_status = 'gone' where "
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"{gone} (id in (3, 6) and run_id = '{SECOND}') or (id in (7, 8) and run_id = '{FIRST}')")
        cursor.execute(f"{gone} id = 8 and run_id = '{SECOND}'")
    told = report("--compare", FIRST, SECOND)
    assert "1 workflows that came then failed now, 0 the other way round. 1 that came then are gone." in told.out
    text = (tmp_path / "runs" / SECOND / f"compare-{FIRST}.md").read_text(encoding="utf-8")
    for row in ("came then, gone now | 1 | 6", "failed then, gone now | 1 | 3", "gone then, came now | 1 | 7"):
        assert f"| {row} |" in text
    assert "| gone both times | 1 | 8 |" in text
    assert "| failed then, came now | 0 |" in text


@pytest.mark.parametrize(
    "words", [("a", "b"), ("--compare", FIRST, SECOND, "x"), ("--compare", FIRST, SECOND, "--ids", "x")]
)
def test_a_wrong_command_line_is_refused(report: Callable[..., Said], words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        report(*words)
