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

RUN, VERDICTS, OUTCOMES, SAMPLES, FIGURES = (
    "run.json",
    "verdicts.json",
    "outcomes.jsonl",
    "samples.jsonl",
    "figures.json",
)
FILES = (RUN, VERDICTS, OUTCOMES, SAMPLES, FIGURES)

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
    """``missing`` are the names of files that are not there; what they hold is empty then."""

    path: Path
    run: Run
    verdicts: Sequence[VerdictRow]
    outcomes: Sequence[Outcome]
    samples: Sequence[Mapping[str, float | None]]
    figures: Figures
    missing: tuple[str, ...]


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
    return RunFolder(
        path,
        cast(Run, _object(path / RUN)),
        cast("list[VerdictRow]", _list(path / VERDICTS)),
        cast("list[Outcome]", list(_lines(path / OUTCOMES))),
        list(_lines(path / SAMPLES)),
        _object(path / FIGURES),
        missing,
    )


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _write(path: Path, text: str) -> None:
    try:
        write_aside(path, text)
    except OSError as error:
        raise StartError(f"{path}: cannot be written ({error.strerror}).") from None


def _object(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", _read(path, "{}", dict))


def _list(path: Path) -> list[Any]:
    return cast("list[Any]", _read(path, "[]", list))


def _read(path: Path, default: str, type_: type[Any]) -> Any:
    return _parsed(_text(path) if path.is_file() else default, type_, str(path))


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    """An object a line; the last one is left out while it is being written."""
    whole = _text(path).rpartition("\n")[0] if path.is_file() else ""
    for number, line in enumerate(whole.split("\n"), 1):
        if line:
            yield _parsed(line, dict, f"{path}, line {number}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: cannot be read ({error}).") from None


def _parsed(text: str, type_: type[Any], where: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise StartError(f"{where}: not JSON ({error}).") from None
    if not isinstance(value, type_):
        raise StartError(f"{where}: must be a JSON {'object' if type_ is dict else 'array'}.")
    return value
