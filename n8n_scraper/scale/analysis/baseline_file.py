"""``baseline.json``: one baseline for each kind of run that was saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.export.aside import write_aside
from n8n_scraper.scale.analysis.analysed import conditions, saved
from n8n_scraper.scale.analysis.baseline import Baseline, Conditions, SavedRun, why_not
from n8n_scraper.scale.analysis.contradictions import contradictions
from n8n_scraper.scale.run_folder import VERDICTS, RunFolder, read_folder

FILE_NAME = "baseline.json"


def baseline_of(runs: Sequence[RunFolder]) -> Baseline:
    """Of one run, or of several under equal conditions, whose spread is its noise.

    Raises:
        StartError: they cannot be compared with each other, or one has no figures, no verdicts, or contradicts itself.
    """
    for run in runs:
        if refusal := why_not(conditions(runs[0]), conditions(run)):
            raise StartError(f"{run.path}: {refusal}")
        if not run.figures:
            raise StartError(f"{run.path}: the run left no figures: nothing of it can be a baseline.")
        if not run.verdicts:
            raise StartError(f"{run.path}: the run was not judged ({VERDICTS} is missing or empty): it is no baseline.")
        if found := next(contradictions(run), None):
            raise StartError(f"{run.path}: the run contradicts itself and is no baseline: {found}.")
    is_least = {one["name"]: one["is_least"] for run in runs for one in run.verdicts}
    return Baseline(conditions=conditions(runs[0]), runs=tuple(map(saved, runs)), is_least=is_least)


def save_baseline(path: Path, new: Baseline) -> None:
    """In place of one of the same conditions; others stay.

    Raises:
        StartError: the file cannot be read or written.
    """
    kept = [one for one in read_baselines(path) if one.conditions != new.conditions] if path.exists() else []
    texts = [{**asdict(one), "conditions": one.conditions._asdict()} for one in (*kept, new)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside(path, json.dumps({"baselines": texts}, indent=1) + "\n")
    except OSError as error:
        raise StartError(f"{path}: the baseline cannot be saved there ({error.strerror}).") from None


def read_baselines(path: Path) -> list[Baseline]:
    """Those of a file, or that of the one run in a folder.

    Raises:
        StartError: it is not there, or no baseline.
    """
    if path.is_dir():
        return [baseline_of([read_folder(path)])]
    try:
        return [_baseline(one) for one in json.loads(path.read_bytes())["baselines"]]
    except OSError as error:
        raise StartError(f"Baseline {path}: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StartError(f"{path} is not a baseline ({error!r}): scrapy scale baseline FOLDER saves one.") from None


def _baseline(text: dict[str, Any]) -> Baseline:
    runs = tuple(SavedRun(**run) for run in text["runs"])
    return Baseline(conditions=Conditions(**text["conditions"]), runs=runs, is_least=text["is_least"])


def choose_baseline(baselines: Sequence[Baseline], wanted: Conditions) -> tuple[Baseline | None, str | None]:
    """The baseline of these conditions, or why there is none, in a sentence."""
    refusals = {refusal for one in baselines if (refusal := why_not(wanted, one.conditions))}
    fitting = next((one for one in baselines if one.conditions == wanted), None)
    return fitting, None if fitting else " ".join(sorted(refusals)) or None
