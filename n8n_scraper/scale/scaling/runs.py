"""Runs ladders: every step is the real crawler, in processes of its own, sampled from outside."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.export.aside import write_aside
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.run_id import new_run_id
from n8n_scraper.scale import monitor, store_probe
from n8n_scraper.scale.run_folder import SAMPLES
from n8n_scraper.scale.samples import read_samples
from n8n_scraper.scale.scaling import table
from n8n_scraper.scale.scaling.ladders import LADDERS, LATENCY, SOAK, Ladder, Step, shortened, soak
from n8n_scraper.scale.scaling.measured import Measured, measure
from n8n_scraper.scale.scaling.rules import judge
from n8n_scraper.scale.trial import Trial

RESULT = "scaling.json"
EXTREME_OF = 5
"""Extreme templates are the most extreme of so many times as many."""
START_AND_END = 90.0
"""Seconds that a crawl may take more than its requests need; who takes longer is at fault and is killed."""
_ROWS = """
select r.id, o.crawl_status, r.service_seconds from run_workflows r join observed o using (id) where r.id = any(%s)
"""


def new_name(folder: Path) -> Path:
    """For the results of a run that begins now."""
    return folder / f"scaling-{new_run_id(datetime.now(timezone.utc))}"


def chosen(names: Sequence[str], minutes: float, most: int | None) -> list[Ladder]:
    """The ladders of these names; without any all but the soak. ``most`` workflows a step, where given.

    Raises:
        StartError: there is none of such a name.
    """
    known = {**LADDERS, SOAK: soak(minutes)}
    for name in names:
        if name not in known:
            raise StartError(f"scrapy scale scaling: there is no ladder {name!r}, only {', '.join(known)}.")
    return [shortened(known[name], most) for name in names or LADDERS]


def run(ladders: Sequence[Ladder], folder: Path, out: Path, say: Callable[..., None]) -> bool:
    """Climb one after the other, with stores in ``folder`` and results in ``out``; whether every step passed.

    Raises:
        StartError: ``out`` holds results already, or cannot be made.
    """
    _make(out)
    results: list[dict[str, Any]] = []
    for ladder in ladders:
        verdicts = judge(ladder, climb(ladder, folder, out, say))
        say("", *table.lines(ladder, verdicts))
        results.append(table.as_json(ladder, verdicts))
        write_aside(out / RESULT, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    failed = [result["name"] for result in results if not result["passed"]]
    verdict = f"steps failed in {', '.join(failed)}" if failed else "every step passed"
    say(f"{out / RESULT}: {verdict}")
    return not failed


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True)
    except OSError as error:
        raise StartError(f"{out}: the results cannot be kept there ({error.strerror}); name a new folder.") from None


def climb(ladder: Ladder, folder: Path, out: Path, say: Callable[..., None]) -> list[Measured]:
    library = Recipe(count=_library_size(ladder), traps=0)
    steps: list[Measured] = []
    serving = running_replica(count=library.count, traps=0, images="self", latency=LATENCY)
    with serving as replica, ExitStack() as stack:
        ids = _ids(replica)
        for number, step in enumerate(ladder.steps, 1):
            home = folder / (ladder.name if ladder.shares_store else f"{ladder.name}-{number}")
            trial = _trial(step, replica, home)
            stack.callback(trial.close)
            mine = _choose(step, library, ids)
            ids = ids[step.workflows :] if ladder.shares_store else ids
            samples = out / f"{ladder.name}-{number}"
            samples.mkdir()
            steps.append(_climb_step(step, trial, number, mine, samples))
            say(f"  {ladder.name}, {step.label}: {steps[-1].throughput or 0:.3g} workflows/s")
    return steps


def _library_size(ladder: Ladder) -> int:
    sizes = [step.workflows * (1 if step.templates == "usual" else EXTREME_OF) for step in ladder.steps]
    return sum(sizes) if ladder.shares_store else max(sizes)


def _ids(replica: RunningReplica) -> list[int]:
    return [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]


_MOST: dict[str, Callable[[bytes], int]] = {
    "large": len,
    "illustrated": lambda answer: answer.count(Recipe(count=0).image_base.encode()),
}
"""What there is the most of in an answer."""


def _choose(step: Step, recipe: Recipe, ids: Sequence[int]) -> Sequence[int]:
    """The workflows of a step: as they come, or the most extreme ones."""
    if step.templates == "usual":
        return ids[: step.workflows]
    library, count = GeneratedLibrary(recipe), _MOST[step.templates]
    ranks = {id: count(library.answer(id)) for id in ids}
    return sorted(ids, key=ranks.__getitem__, reverse=True)[: step.workflows]


def _trial(step: Step, replica: RunningReplica, home: Path) -> Trial:
    """Its store is there and counts statements."""
    settings = {
        **monitor.SETTINGS,
        "CONCURRENT_REQUESTS": step.flows,
        "CONCURRENT_REQUESTS_PER_DOMAIN": step.flows,
        "N8N_SCRAPER_REQUESTS_PER_SECOND": step.rate,
        "N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND": 1000,
    }
    is_new = not home.exists()
    home.mkdir(mode=0o711, exist_ok=True)
    trial = Trial(home, replica, settings)
    if is_new:
        store_probe.count_queries(trial)
    return trial


def _climb_step(step: Step, trial: Trial, number: int, ids: Sequence[int], folder: Path) -> Measured:
    """The store's server is ours, so that its start and end count for no crawl."""
    before = len(trial.replica.entries())
    with trial.store(), monitor.watched(trial, folder):
        crawls = [
            _start(step, trial, f"{number}-{part}", ids[part :: step.processes]) for part in range(step.processes)
        ]
        longest = START_AND_END + 3 * step.workflows / min(step.rate or step.ceiling, step.ceiling)
        codes = [_end_of(crawl, longest) for crawl in crawls]
        rows = trial.rows(_ROWS, list(ids))
    entries = [entry for entry in trial.replica.entries()[before:] if entry["host"] in {"site", "api"}]
    return measure(
        step,
        arrivals=[entry["t"] for entry in entries if entry["id"] is not None and entry["host"] == "api"],
        requests=[entry["t"] for entry in entries],
        rows=rows,
        samples=read_samples(folder / SAMPLES),
        exit_codes=codes,
    )


def _start(step: Step, trial: Trial, name: str, ids: Sequence[int]) -> subprocess.Popen[bytes]:
    """A crawl of these, as a job of its own in the same store."""
    file = trial.folder / f"ids-{name}.txt"
    file.write_text("".join(f"{id}\n" for id in ids), encoding="ascii")
    own = replace(trial, settings={**trial.settings, "JOBDIR": trial.folder / f"job-{name}"})
    return own.start(f"ids={file}", f"layers={step.layers}", "page=no")


def _end_of(crawl: subprocess.Popen[bytes], longest: float) -> int:
    try:
        return crawl.wait(longest)
    except subprocess.TimeoutExpired:
        crawl.kill()
        return crawl.wait()
