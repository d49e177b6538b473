"""Whether what was read from a run's folder has the shape that a scale run writes. Pure."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from n8n_scraper.exceptions import StartError
from n8n_scraper.printable import printable

_LEAST: dict[str, float] = {"rate": 0, "clock": 1, "size": 0}
"""Of numbers in ``run.json`` that others are made from."""
_MOST = 1e9


def demand_rows(where: str, rows: Iterable[object], shape: type) -> None:
    """Each is an object with the keys of this TypedDict.

    Raises:
        StartError: one is not.
    """
    names: frozenset[str] = shape.__required_keys__  # type: ignore[attr-defined]  # a TypedDict's own
    for row in rows:
        if not isinstance(row, Mapping):
            raise StartError(f"{where}: an entry is not an object: it is not of a scale run.")
        if absent := names - row.keys():
            raise StartError(f"{where}: an entry has no {', '.join(sorted(absent))}: it is not of a scale run.")
        demand(where, row, get_type_hints(shape))


def demand_run(where: str, run: Mapping[str, Any], shape: type) -> None:
    """Raises:
    StartError: a field is of another type than in this TypedDict, or a number out of range.
    """
    demand(where, run, get_type_hints(shape))
    for name, least in _LEAST.items():
        if name in run and not least <= run[name] <= _MOST:
            raise _refusal(where, name, run[name])


def demand_numbers(where: str, one: Mapping[str, Any]) -> None:
    """Raises:
    StartError: a value is neither a number nor null.
    """
    demand(where, one, dict.fromkeys(one, float | bool | None))


def demand(where: str, one: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    """Keys that are not in ``types`` are left alone.

    Raises:
        StartError: a value is of another type.
    """
    for name, type_ in types.items():
        if name in one and not _is(one[name], type_):
            raise _refusal(where, name, one[name])


def _refusal(where: str, name: str, value: object) -> StartError:
    return StartError(f"{where}: {printable(name)} is {printable(reprlib.repr(value))}, which no scale run writes.")


def _is(value: object, type_: Any) -> bool:
    origin, parts = get_origin(type_), get_args(type_)
    if origin is list:
        return isinstance(value, list) and all(_is(one, parts[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_is(one, parts[1]) for one in value.values())
    if is_typeddict(type_):
        hints = get_type_hints(type_)
        return isinstance(value, dict) and all(name in value and _is(value[name], hints[name]) for name in hints)
    if parts:
        return any(_is(value, part) for part in parts)
    if type_ in (int, float):
        return isinstance(value, int | type_) and not isinstance(value, bool)
    return isinstance(value, type_)
