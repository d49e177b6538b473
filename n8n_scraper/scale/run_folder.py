"""What a scale run leaves behind: a folder with a file for each thing, and whoever reads it back.

==================  ==============================================================================================
``run.json``        one object, see :class:`Run`; written when the run begins (``ended_at`` null) and when it ends
``verdicts.json``   a list of :class:`VerdictRow`, in the order of the criteria
``outcomes.jsonl``  one :class:`Outcome` a line, by ascending id
``samples.jsonl``   one object a second: ``t``, seconds since the start, then what was sampled; appended while it runs
``figures.json``    one object: name of a figure → number, or null where there was nothing to measure
==================  ==============================================================================================

Any file may be missing, and a reader says which. What a later version adds to an object is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

from n8n_scraper.exceptions import StartError
from n8n_scraper.export.aside import write_aside
from n8n_scraper.scale import json_files, run_shapes

RUN, VERDICTS, OUTCOMES, SAMPLES, FIGURES = (
    "run.json",
    "verdicts.json",
    "outcomes.jsonl",
    "samples.jsonl",
    "figures.json",
)
FILES = (RUN, VERDICTS, OUTCOMES, SAMPLES, FIGURES)

CUT = "ends in the middle of a line: it was cut off"

Figures = Mapping[str, float | None]


class Run(TypedDict, total=False):
    """Times are ISO 8601, UTC; what is not known yet is null or missing."""

    name: str
    begun_at: str
    ended_at: str | None
    arguments: list[str]
    """Words of the command."""
    rate: float
    """Requests a second on the true clock; 0 without a limit."""
    clock: float
    """Times compressed by this factor; 1 is the true clock."""
    size: int
    layers: str
    composition: dict[str, dict[str, int]]
    """Of the dataset: by group, why, category, size_class and year."""
    again: str | None
    """The run whose failed and slow workflows these are."""
    versions: dict[str, str]
    cpu_count: int
    load_before: float
    load_after: float
    is_disturbed: bool
    """Others used the machine meanwhile: figures of time are not to be compared."""
    exit_codes: list[int]
    """Of its crawls, in order; -9 is one that the run killed."""
    seconds: float
    passed: bool


class VerdictRow(TypedDict):
    name: str
    meaning: str
    unit: str
    figure: float | None
    target: float
    acceptable: float
    is_least: bool
    is_strict: bool
    """A figure that is equal to a bound does not hold."""
    zone: str
    reason: str
    """Why it is not applicable, or what the figure is of."""


class Outcome(TypedDict):
    """One workflow: what was expected of it, and the row that it became; null throughout where there is no row."""

    id: int
    group: str
    """``good``, ``challenging`` or ``edge``."""
    why: str
    """What is odd about it: a fault and how often, a trap, a state; empty for good ones."""
    fault_kind: str | None
    """The failure kind of the fault planned for it, whether or not it passes."""
    category: str
    expected_status: str
    expected_error_kind: str | None
    crawl_status: str | None
    error_kind: str | None
    error: str | None
    layers: dict[str, str]
    """Its status columns by name."""
    quality_score: float | None
    service_seconds: float | None
    attempt_count: int | None
    request_count: int | None
    is_as_expected: bool
    differs: str | None
    """In words, where it is not as expected."""


@dataclass(frozen=True)
class RunFolder:
    """``missing`` are the names of files that are not there; what they hold is empty then. ``is_cut``: the last line of
    the outcomes is a half one, which is left out.
    """

    path: Path
    run: Run
    verdicts: Sequence[VerdictRow]
    outcomes: Sequence[Outcome]
    samples: Sequence[Mapping[str, float | None]]
    figures: Figures
    missing: tuple[str, ...]
    is_cut: bool = False


def new_folder(path: Path) -> Path:
    """Make the folder of a run that begins, for it alone.

    Raises:
        StartError: it holds a run already, or cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with (path / RUN).open("x", encoding="utf-8") as file:
            file.write("{}\n")
    except FileExistsError:
        if not path.is_dir():
            raise StartError(f"{path}: the run cannot be kept there (it is a file).") from None
        raise StartError(f"{path} holds a run already: name another folder with --out, or remove it.") from None
    except OSError as error:
        raise StartError(f"{path}: the run cannot be kept there ({error.strerror}).") from None
    return path


def write_run(folder: Path, run: Run) -> None:
    _write(folder / RUN, _pretty(run))


def write_results(folder: Path, verdicts: Iterable[VerdictRow], outcomes: Iterable[Outcome], figures: Figures) -> None:
    _write(folder / VERDICTS, _pretty(list(verdicts)))
    _write(folder / OUTCOMES, "".join(f"{json.dumps(outcome, ensure_ascii=False)}\n" for outcome in outcomes))
    _write(folder / FIGURES, _pretty(figures))


def read_folder(path: Path) -> RunFolder:
    """A run that ended, was killed, or is still going on.

    Raises:
        StartError: there is no run, or a file of it is broken.
    """
    missing = tuple(name for name in FILES if not (path / name).is_file())
    if RUN in missing and len(missing) >= len(FILES) - 1:
        raise StartError(f"{path}: there is no scale run in this folder ({RUN} is missing).")
    outcomes, is_cut = json_files.read_lines(path / OUTCOMES)
    samples, _ = json_files.read_lines(path / SAMPLES)  # the last one is half there while it is being written
    found = RunFolder(
        path,
        cast(Run, json_files.read_object(path / RUN)),
        cast("list[VerdictRow]", json_files.read_list(path / VERDICTS)),
        cast("list[Outcome]", outcomes),
        samples,
        json_files.read_object(path / FIGURES),
        missing,
        is_cut,
    )
    _demand_shapes(found)
    return found


def read_outcomes_whole(path: Path) -> RunFolder:
    """A run whose outcomes are all there.

    Raises:
        StartError: as :func:`read_folder`; or they are missing, or cut off.
    """
    found = read_folder(path)
    if OUTCOMES in found.missing:
        raise StartError(f"{path / OUTCOMES} is missing: nobody knows what became of the workflows of this run.")
    if found.is_cut:
        raise StartError(f"{path / OUTCOMES} {CUT}: repeat the whole run.")
    return found


def _demand_shapes(found: RunFolder) -> None:
    path = found.path
    run_shapes.demand_run(str(path / RUN), found.run, Run)
    run_shapes.demand_rows(str(path / VERDICTS), found.verdicts, VerdictRow)
    run_shapes.demand_rows(str(path / OUTCOMES), found.outcomes, Outcome)
    run_shapes.demand_numbers(str(path / FIGURES), found.figures)
    for sample in found.samples:
        run_shapes.demand(str(path / SAMPLES), {"t": None, **sample}, {"t": float})


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _write(path: Path, text: str) -> None:
    try:
        write_aside(path, text)
    except OSError as error:
        raise StartError(f"{path}: cannot be written ({error.strerror}).") from None
