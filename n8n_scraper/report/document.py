"""A report as data: sections of figures, tables and charts, with values and units and no markup. Pure.

Whoever has something to report builds a :class:`Document`; ``as_html``, ``as_markdown`` and ``as_json`` show it. Text
may come from outside: the three escape it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Tone = Literal["good", "warn", "bad", "plain", "quiet"]
Unit = Literal["text", "word", "count", "number", "share", "seconds", "rate", "moment", "ids"]
"""``word`` is text on one line, ``share`` is 0 to 1, ``rate`` per second, ``ids`` a tuple of workflow ids."""
Value = str | int | float | datetime | tuple[int, ...] | None
"""None: there is no data, and the report says so."""


@dataclass(frozen=True)
class Figure:
    key: str
    label: str
    value: Value
    unit: Unit = "count"
    tone: Tone = "plain"
    note: str = ""


@dataclass(frozen=True)
class Figures:
    key: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Column:
    key: str
    label: str
    unit: Unit = "text"


def columns(**labels: str | tuple[str, Unit]) -> tuple[Column, ...]:
    """``columns(name="Title", seconds=("Took", "seconds"))``."""
    return tuple(Column(key, *((given,) if isinstance(given, str) else given)) for key, given in labels.items())


@dataclass(frozen=True)
class Table:
    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    empty: str = "None."
    """Said in place of a table without rows."""
    tones: tuple[Tone, ...] = ()
    """Of the rows; none for plain ones."""


@dataclass(frozen=True)
class Part:
    label: str
    value: float
    tone: Tone = "plain"


@dataclass(frozen=True)
class Bars:
    """One bar a part. ``upright`` bars stand side by side, as in a histogram; ``of`` is the length of a full bar."""

    key: str
    caption: str
    unit: Unit
    parts: tuple[Part, ...]
    upright: bool = False
    of: float | None = None


@dataclass(frozen=True)
class Stacks:
    """Bars of several parts each, all of the same whole."""

    key: str
    caption: str
    rows: tuple[tuple[str, tuple[Part, ...]], ...]


@dataclass(frozen=True)
class Line:
    """A value over time; ``points`` are (seconds since the start, value), the value of the span that ends there."""

    key: str
    caption: str
    label: str
    points: tuple[tuple[float, float], ...]
    limit: float | None = None
    limit_label: str = ""


@dataclass(frozen=True)
class Text:
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class NoData:
    key: str
    what: str
    why: str


Block = Figures | Table | Bars | Stacks | Line | Text | NoData


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    kind: str
    title: str
    verdict: str
    """The one line that somebody in a hurry reads."""
    tone: Tone
    sections: tuple[Section, ...]
