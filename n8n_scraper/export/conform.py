"""Any value → a value of its column's type, or null. Pure.

What does not fit is put out of the row, and characters that no reader takes are replaced; both are counted by column.
So the four formats are able to say the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

from n8n_scraper.export.json_text import encode_json, is_clean, repair_json, repair_text
from n8n_scraper.items import Column
from n8n_scraper.row_types import ListOf, MapOf, Struct, Type, parse_type

Conform = Callable[[Any], Any]
Count = Callable[[], None]
"""Called for each value that had to be changed."""


def row_conformer(
    columns: Sequence[Column], count: Callable[[str], None]
) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """A function from the values of ``columns`` to a row: timestamps aware in UTC, ``object`` as JSON text in one
    line, structs with exactly their fields. ``count`` hears the name of the column of each value that was changed.
    """
    conformers = [_conformer(parse_type(c.type), partial(count, c.name)) for c in columns]
    return lambda values: tuple([conform(value) for conform, value in zip(conformers, values, strict=True)])


def _conformer(type_: Type, count: Count) -> Conform:
    if isinstance(type_, ListOf):
        convert = _list(_conformer(type_.item, count))
    elif isinstance(type_, MapOf):
        convert = _map(_conformer(type_.value, count), _text(count))
    elif isinstance(type_, Struct):
        convert = _struct([(name, _conformer(field, count)) for name, field in type_.fields])
    elif type_.name == "text":
        convert = _text(count)
    elif type_.name == "object":
        convert = _object(count)
    else:
        convert = _PLAIN[type_.name]
    return _nullable(convert, count)


def _nullable(convert: Conform, count: Count) -> Conform:
    def conform(value: Any) -> Any:
        if value is None:
            return None
        try:
            return convert(value)
        except (TypeError, ValueError, OverflowError):
            count()
            return None

    return conform


def _int(value: Any) -> int:
    if isinstance(value, bool) or value != int(value) or not -(2**63) <= value < 2**63:
        raise ValueError("not a 64-bit integer")
    return int(value)


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, (bool, str)) or not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _bool(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise ValueError("not a truth value")


def _timestamp(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("not a timestamp")
    return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


_PLAIN: dict[str, Conform] = {"int": _int, "number": _number, "bool": _bool, "timestamp": _timestamp}


def _text(count: Count) -> Conform:
    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError("not a text")
        if is_clean(value):
            return value
        count()
        return repair_text(value)

    return convert


def _object(count: Count) -> Conform:
    def convert(value: Any) -> str:
        text = value if isinstance(value, str) else encode_json(value)
        repaired = repair_json(text)
        if len(repaired) != len(text):  # a line break becomes a blank, a bad character gets shorter
            count()
        return repaired

    return convert


def _list(item: Conform) -> Conform:
    def convert(value: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise TypeError("not a list")
        return [item(element) for element in value]

    return convert


def _map(entry: Conform, text: Conform) -> Conform:
    def convert(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise TypeError("not an object")
        return {text(key): entry(element) for key, element in value.items()}

    return convert


def _struct(fields: Sequence[tuple[str, Conform]]) -> Conform:
    def convert(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise TypeError("not an object")
        return {name: conform(value.get(name)) for name, conform in fields}

    return convert
