"""The command that runs a scale run again, made of what its ``run.json`` says. Pure but for looking for files.

A run's folder may come from anywhere: no word of it is started that is not an option of ``scrapy scale run`` with a
value that fits, and only the very conditions of the run are tried again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.items import LAYERS, STAGES
from n8n_scraper.printable import printable
from n8n_scraper.scale.conditions import TRUE_RATE
from n8n_scraper.scale.run_folder import RUN, RunFolder

_NUMBER = r"\d{1,9}(\.\d{1,9})?"
_LAYER = "|".join(map(str, (*LAYERS, *STAGES)))


def _text(pattern: str) -> Callable[[str], str]:
    def fits(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(text)
        return text

    return fits


def _number(least: float, most: float) -> Callable[[str], float]:
    def fits(text: str) -> float:
        number = float(_text(_NUMBER)(text))
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return fits


def _path(is_there: Callable[[Path], bool]) -> Callable[[str], str]:
    def fits(text: str) -> str:
        if text.startswith("-") or not text.isprintable() or not is_there(Path(text)):
            raise ValueError(text)
        return text

    return fits


_OPTIONS: dict[str, Callable[[str], object]] = {
    "--size": _number(1, 1e6),
    "--rate": _number(0, 1e6),
    "--clock": _number(1, 1000),
    "--seed": _text(r"-?\d{1,18}"),
    "--layers": _text(rf" *({_LAYER}) *(, *({_LAYER}) *)*"),
    "--latency": _text(f"{_NUMBER}(-{_NUMBER})?"),
    "--corpus": _path(Path.is_file),
    "--again": _path(lambda path: (path / RUN).is_file()),
    "--out": str,
}
"""Of ``scrapy scale run``, each with what makes a value of its text; where the run is kept is not taken over."""
_USUAL: Mapping[str, object] = {"--size": 1000.0, "--rate": TRUE_RATE, "--clock": 1.0, "--layers": "1,2,3"}


def words(found: RunFolder) -> list[str]:
    """Of the command, ``--out`` left out.

    Raises:
        StartError: the run does not say how it was run, or says what no scale run is started with.
    """
    told = found.run.get("arguments")
    if not told:
        raise _refusal(found, "does not say how it was run")
    if told[:2] != ["scale", "run"]:
        raise _refusal(found, f"was not started as scale run but as {printable(' '.join(told[:2]))}")
    options = _options(found, told[2:])
    values = {name: _OPTIONS[name](text) for name, text in options.items()}
    _demand_same(found, {**_USUAL, **values})
    kept = [(name, text) for name, text in options.items() if name != "--out"]
    return ["scale", "run", *(word for pair in kept for word in pair)]


def _options(found: RunFolder, told: Sequence[str]) -> dict[str, str]:
    """By name, each with a text that fits; as ``--name text`` or ``--name=text``."""
    left, options = list(told), {}
    while left:
        name, equals, text = left.pop(0).partition("=")
        if name not in _OPTIONS or not (equals or left):
            raise _refusal(found, f"was started with {printable(name)}, which is not taken over")
        options[name] = text if equals else left.pop(0)
        try:
            _OPTIONS[name](options[name])
        except ValueError:
            raise _refusal(found, f"was started with {name} {printable(options[name])}, which does not fit") from None
    return options


def _demand_same(found: RunFolder, values: Mapping[str, object]) -> None:
    """What is tried again is what was run: a smaller or faster run would prove nothing of it."""
    run: Mapping[str, Any] = found.run
    if values.get("--again") or run.get("again"):
        wanted, told = {"again": run.get("again")}, {"again": values.get("--again")}
    else:
        wanted = {name: run.get(name) for name in ("size", "rate", "clock", "layers")}
        told = {name: values[f"--{name}"] for name in wanted}
    if differs := [name for name in wanted if not _is_same(wanted[name], told[name])]:
        raise _refusal(found, f"has arguments of another {' and '.join(differs)} than it was run with")


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other)
    return one == other


def _refusal(found: RunFolder, why: str) -> StartError:
    return StartError(f"{found.path / RUN} {why}, so the run cannot be tried again: --retries 0.")
