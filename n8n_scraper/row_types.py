"""The type notation of the row contract (see items.py), parsed. Pure."""

from __future__ import annotations

from typing import NamedTuple

SCALARS = frozenset({"int", "number", "bool", "text", "timestamp", "object"})


class Scalar(NamedTuple):
    name: str


class ListOf(NamedTuple):
    item: Type


class MapOf(NamedTuple):
    """From text to ``value``."""

    value: Type


class Struct(NamedTuple):
    fields: tuple[tuple[str, Type], ...]


Type = Scalar | ListOf | MapOf | Struct


def parse_type(notation: str) -> Type:
    """``list<{url, width int}>`` → ListOf(Struct((("url", text), ("width", int)))).

    Raises:
        ValueError: for anything that is not of the notation.
    """
    text = notation.strip()
    if text in SCALARS:
        return Scalar(text)
    if text.startswith("list<") and text.endswith(">"):
        return ListOf(parse_type(text[5:-1]))
    if text.startswith("map<text,") and text.endswith(">"):
        return MapOf(parse_type(text[9:-1]))
    if text.startswith("{") and text.endswith("}"):
        return Struct(tuple(_field(part) for part in text[1:-1].split(",")))
    raise ValueError(f"unknown type {notation!r}")


def is_json(type_: Type) -> bool:
    """Kept as JSON in Postgres; a list of scalars is an array there."""
    if isinstance(type_, ListOf):
        return is_json(type_.item)
    return not isinstance(type_, Scalar) or type_.name == "object"


def _field(part: str) -> tuple[str, Type]:
    name, _, notation = part.strip().partition(" ")
    return name, parse_type(notation or "text")
