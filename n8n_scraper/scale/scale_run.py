"""One scale run: a dataset, the crawler as a user starts it, an outage at the start, a kill -9 in the middle, and the
verdict. All of it is left in a folder, see run_folder.py.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from n8n_scraper import __version__
from n8n_scraper.exceptions import StartError
from n8n_scraper.export.check import NAMES, check_folder
from n8n_scraper.image_download import HOST_PLACES
from n8n_scraper.iso_time import iso
from n8n_scraper.layers.row import PARSER_VERSION
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.run_id import RUNS
from n8n_scraper.scale import expected, figures, monitor
from n8n_scraper.scale.attempts import read_breaker, unlike_plan
from n8n_scraper.scale.conditions import Conditions
from n8n_scraper.scale.criteria import Verdict, criteria, is_passed, judge
from n8n_scraper.scale.dataset import Dataset
from n8n_scraper.scale.killed_job import Kill, KilledJob, Result
from n8n_scraper.scale.moments import at_rows
from n8n_scraper.scale.run_folder import Run, read_folder, write_results, write_run
from n8n_scraper.scale.samples import foreign_share
from n8n_scraper.scale.stage_gap import Host, Limits, stage_gaps
from n8n_scraper.scale.storage import write_storage
from n8n_scraper.scale.store_probe import count_queries
from n8n_scraper.scale.trial import Trial
from n8n_scraper.transcripts.stage import AT_ONCE

MOST_FOREIGN_SHARE = 0.1
"""Of the seconds of a run: when others used the machine for longer, its figures of time are flagged."""
_ROWS = (
    "select id, crawl_status, layer1_status, layer2_status, layer3_status, media_status, transcripts_status,"
    " error_kind, error, quality_score, service_seconds, attempt_count, request_count, images, videos,"
    " name, url, author_name, categories, created_at, views, description, node_types from workflow_rows"
)


@dataclass(frozen=True)
class ScaleRun:
    """``wrong`` are the ids that became something else than expected."""

    verdicts: tuple[Verdict, ...]
    wrong: dict[int, str]
    run: Run


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is crawled, how, and where what is left of it goes."""

    dataset: Dataset
    conditions: Conditions
    kept: Path
    name: str
    again: str | None = None
    """The run whose workflows these are."""
    control: int | None = None
    """A good workflow that is stored before, as it is for whoever asks again: where nearly all workflows are faulty,
    the circuit breaker tells them from the site by it."""

    @property
    def size(self) -> int:
        return len(self.dataset.members)

    def begun(self) -> Run:
        composition = {what: dict(counts) for what, counts in self.dataset.composition().items()}
        return Run(
            name=self.name,
            begun_at=_now(),
            ended_at=None,
            arguments=["scale", *sys.argv[1:]],  # Scrapy takes the name of the command out of them
            rate=self.conditions.rate,
            clock=self.conditions.clock,
            size=self.size,
            layers=self.conditions.layers,
            composition=composition,
            again=self.again,
            versions={
                "python": platform.python_version(),
                "scrapy": version("scrapy"),
                "n8n_scraper": __version__,
                "parser": PARSER_VERSION,
            },
            cpu_count=os.cpu_count() or 1,
            load_before=round(os.getloadavg()[0], 2),
        )


def run(task: Task, replica: RunningReplica, folder: Path, say: Callable[[str], None]) -> ScaleRun:
    """Crawl the dataset in ``folder``, which is for its own use."""
    begun = task.begun()
    write_run(task.kept, begun)
    members = [member.id for member in task.dataset.members]
    replica.set_faults(*task.conditions.outage(members), *task.conditions.rules(task.dataset.rules))
    ids = folder / "ids.txt"
    ids.write_text("".join(f"{id}\n" for id in members), encoding="utf-8")
    trial = Trial(folder, replica, {**monitor.SETTINGS, **task.conditions.settings})
    try:
        count_queries(trial)
        if task.control is not None:
            _store_control(trial, task.control)
        with monitor.watched(trial, task.kept):
            crawled = _crawl(task, trial, ids, say)
        return _judge(task, trial, crawled, begun)
    finally:
        for log in filter(Path.exists, (trial.log, replica.access_log)):
            shutil.copy(log, task.kept)
        trial.close()


def _store_control(trial: Trial, id: int) -> None:
    code = replace(trial, settings={**trial.settings, "JOBDIR": trial.folder / "control"}).start(f"ids={id}").wait()
    if code:
        raise StartError(f"The crawl of workflow {id}, which was good before, ended with exit code {code}.")


@dataclass(frozen=True)
class _Crawled:
    result: Result
    kill: Kill | None
    seconds: float


def _crawl(task: Task, trial: Trial, ids: Path, say: Callable[[str], None]) -> _Crawled:
    job = KilledJob(trial, (f"ids={ids}", f"layers={task.conditions.layers}"))
    began, kill = time.monotonic(), None
    if task.conditions.is_disturbed(task.size):
        ended = job.disturb("SIGKILL", at_rows(task.size // 2)._replace(poll_seconds=0.5))
        kill = ended if isinstance(ended, Kill) else None
    if kill:
        say(f"killed with {kill.rows} of {task.size} rows; goes on")
    result = job.finish(longest=task.conditions.longest(task.size))
    seconds = time.monotonic() - began
    say(f"ended with exit code {result.exit_code} after {seconds:.0f} s")
    return _Crawled(result, kill, seconds)


def _judge(task: Task, trial: Trial, crawled: _Crawled, begun: Run) -> ScaleRun:
    conditions, dataset = task.conditions, task.dataset
    rows = {row["id"]: row for row in trial.rows(_ROWS) if row["id"] != task.control}
    outcomes = expected.outcomes(dataset, rows, conditions.numbers, conditions.stages)
    wrong = {one["id"]: one["differs"] for one in outcomes if one["differs"]}
    breaker = read_breaker(trial.log.read_text(encoding="utf-8", errors="replace"))
    unlike = unlike_plan(dataset, rows, trial.replica.entries(), breaker)
    measured = _measured(task, trial, crawled, rows, set(wrong)) | figures.of_attempts(dataset, unlike, breaker)
    not_applicable = _without_members(task, measured) | conditions.not_applicable(task.size)
    notes = {
        "columns": figures.worst_columns(measured),
        "stage_gap": figures.queues(measured),
        "retries": figures.examples(unlike),
    }
    verdicts = tuple(judge(criteria(task.size), measured, not_applicable, notes))
    samples = read_folder(task.kept).samples
    ended = Run(
        **begun,
        load_after=round(os.getloadavg()[0], 2),
        is_disturbed=(foreign_share(samples) or 0.0) > MOST_FOREIGN_SHARE,
        exit_codes=[*([crawled.kill.exit_code] if crawled.kill else []), crawled.result.exit_code],
        seconds=round(crawled.seconds, 2),
        passed=is_passed(verdicts),
    )
    ended["ended_at"] = _now()
    write_results(task.kept, [verdict.as_row() for verdict in verdicts], outcomes, measured)
    with trial.store() as dsn:
        write_storage(dsn, task.kept)
    write_run(task.kept, ended)
    return ScaleRun(verdicts, wrong, ended)


def _measured(
    task: Task, trial: Trial, crawled: _Crawled, rows: Mapping[int, Any], wrong: set[int]
) -> dict[str, float | None]:
    entries, conditions = trial.replica.entries(), task.conditions
    media, youtube = Host(conditions.media_rate, HOST_PLACES), Host(conditions.transcript_rate, AT_ONCE)
    limits = Limits(conditions.site_rate, media, youtube)
    return {
        **figures.of_rows(task.dataset, rows, wrong),
        **figures.of_log(entries),
        **figures.of_stats(_stats(trial)),
        **figures.of_gaps(stage_gaps(rows, entries, limits)),
        "workflows_per_hour": len(rows) / crawled.seconds * 3600,
        "exports": 0.0 if list(check_folder(trial.exports)) else float(len(NAMES)),
        "resumed": 100 * len(rows) / task.size if crawled.kill else None,
        "stored_twice": float(len(crawled.result.twice)),
        "exit_code": float(abs(crawled.result.exit_code)),
        "seconds": crawled.seconds,
        "requests": float(len(entries)),
    }


def _without_members(task: Task, measured: Mapping[str, float | None]) -> dict[str, str]:
    """Criteria of a few workflows asked for again, none of which is of that kind; and of stages that are but one."""
    reasons = {}
    if task.again:
        names = ("completeness", "good_quality", "columns")
        reasons = {name: "no such workflow is among them" for name in names if measured[name] is None}
    if measured["stage_gap"] is None:
        reasons["stage_gap"] = "no workflow had two stages that its rates let begin together"
    return reasons


def _stats(trial: Trial) -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(trial.exports.glob(f"{RUNS}/*/stats.json"))]


def _now() -> str:
    return iso(datetime.now(timezone.utc), "seconds")
