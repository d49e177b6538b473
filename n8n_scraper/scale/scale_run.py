"""One scale run: a dataset, the crawler as a user starts it, a kill -9 in the middle, and the verdict.

At the true rate, or faster (``rate``), which is said and never compared with true figures: then latencies are the
same, and waits before retries too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from n8n_scraper.export.check import NAMES, check_folder
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale import figures
from n8n_scraper.scale.criteria import Verdict, criteria, judge
from n8n_scraper.scale.dataset import Dataset
from n8n_scraper.scale.fault_plan import DOWNLOAD_TIMEOUT
from n8n_scraper.scale.killed_job import Kill, KilledJob
from n8n_scraper.scale.moments import at_rows
from n8n_scraper.scale.trial import Trial

TRUE_RATE = 2.0
_ROWS = (
    "select id, crawl_status, error_kind, error, quality_score, service_seconds, name, url, author_name, categories,"
    " created_at, views, description, node_types from workflow_rows"
)


@dataclass(frozen=True)
class ScaleRun:
    """``wrong`` are the ids that became something else than expected."""

    verdicts: tuple[Verdict, ...]
    wrong: dict[int, str]
    figures: Mapping[str, float | None]
    seconds: float


def run(
    dataset: Dataset, replica: RunningReplica, folder: Path, *, rate: float, say: Callable[[str], None]
) -> ScaleRun:
    """Crawl the dataset; ``rate`` in requests a second, 0 without a limit."""
    replica.set_faults(*dataset.rules)
    ids = folder / "ids.txt"
    ids.write_text("".join(f"{member.id}\n" for member in dataset.members), encoding="utf-8")
    settings = {"N8N_SCRAPER_REQUESTS_PER_SECOND": rate, "DOWNLOAD_TIMEOUT": DOWNLOAD_TIMEOUT}
    settings["N8N_SCRAPER_BREAKER_COOLDOWN"] = 2 / (rate or 100)
    trial = Trial(folder, replica, settings)
    try:
        return _crawl(dataset, trial, ids, rate, say)
    finally:
        trial.close()


def _crawl(dataset: Dataset, trial: Trial, ids: Path, rate: float, say: Callable[[str], None]) -> ScaleRun:
    size = len(dataset.members)
    job = KilledJob(trial, (f"ids={ids}",))
    began = time.monotonic()
    kill = job.disturb("SIGKILL", at_rows(size // 2)._replace(poll_seconds=0.5))
    if isinstance(kill, Kill):
        say(f"killed with {kill.rows} of {size} rows; goes on")
    result = job.finish(longest=size * 10.0)
    seconds = time.monotonic() - began
    say(f"ended with exit code {result.exit_code} after {seconds:.0f} s")
    rows = {row["id"]: row for row in trial.rows(_ROWS)}
    differing = list(check_folder(trial.exports))
    measured = {
        **figures.of_rows(dataset, rows),
        **figures.of_log(dataset, trial.replica.entries()),
        **figures.of_stats(_stats(trial)),
        "workflows_per_hour": len(rows) / seconds * 3600,
        "exports": 0.0 if differing else float(len(NAMES)),
        "resumed": 100 * len(rows) / size if isinstance(kill, Kill) else None,
        "stored_twice": float(len(result.twice)),
    }
    verdicts = tuple(judge(criteria(size), measured, not_applicable(rate)))
    return ScaleRun(verdicts, figures.classify(dataset.members, rows), measured, seconds)


def not_applicable(rate: float) -> dict[str, str]:
    """Criteria that say nothing of a run at another rate than the true one, by name with the reason."""
    if rate == TRUE_RATE:
        return {}
    reason = f"the rate was {rate:g} a second, not the true {TRUE_RATE:g}" if rate else "there was no limit of the rate"
    return dict.fromkeys(("workflows_per_hour", "busiest_second", "busiest_ten_seconds"), reason)


def _stats(trial: Trial) -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(trial.exports.glob("runs/*/stats.json"))]
