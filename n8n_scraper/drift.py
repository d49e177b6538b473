"""Whether answers still have the fields they always had. Pure.

A field is usual when at least 99 % of the answers that were stored so far had it. An answer without a usual field is
held back: when the next one has it again, the gap was the workflow's own and the row is passed on; when a row of
answers lacks it, the site has changed, and nothing with the hole is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
Field = tuple[str, str]
"""Source of an answer, and a name of ``layers/presence.py``."""

USUAL_SHARE = 0.99
LEAST_ANSWERS = 50
"""Fewer answers say nothing about what is usual."""
WINDOW = 10
"""So many answers in a row without a field that 99 % had are no accident."""
WINDOW_AT_END = 3
"""What a crawl that has nothing else left to ask goes by."""


class Tally(NamedTuple):
    there: int = 0
    missing: int = 0

    @property
    def is_usual(self) -> bool:
        total = self.there + self.missing
        return total >= LEAST_ANSWERS and self.there >= USUAL_SHARE * total

    def plus(self, is_there: bool) -> Tally:
        return Tally(self.there + is_there, self.missing + (not is_there))


@dataclass(frozen=True)
class Held(Generic[T]):
    number: int
    fields: Mapping[Field, bool]
    gaps: frozenset[Field]
    """Usual fields that are missing."""
    row: T


class DriftWatch(Generic[T]):
    """``earlier`` are the tallies of all answers stored before; with ``is_on`` False it counts and holds nothing."""

    def __init__(self, earlier: Mapping[Field, Tally], *, is_on: bool = True) -> None:
        self.tallies = dict(earlier)
        self._is_on = is_on
        self._number = 0
        self._missing_since: dict[Field, list[int]] = {}
        """Numbers of the last answers that lack a usual field, without one between that has it."""
        self.held: list[Held[T]] = []
        self.drifted: set[Field] = set()

    def take(self, fields: Mapping[Field, bool], row: T) -> list[Held[T]]:
        """Take an answer's row; returns those that may be stored now, in their order."""
        self._number += 1
        gaps = frozenset(name for name, is_there in fields.items() if not is_there and self._is_usual(name))
        for name, is_there in fields.items():
            if is_there:
                self._missing_since.pop(name, None)
            elif name in gaps:
                self._missing_since.setdefault(name, []).append(self._number)
        self.held.append(Held(self._number, fields, gaps, row))
        self._judge(WINDOW)
        return self._release()

    def settle(self) -> list[Held[T]]:
        """Nothing else will come: pass on what is held, or find that the site has changed."""
        self._judge(WINDOW_AT_END)
        if not self.drifted:
            self._missing_since.clear()
        return self._release()

    def missing(self, name: Field) -> list[T]:
        """What is held for lack of this field."""
        return [held.row for held in self.held if name in held.gaps]

    def _is_usual(self, name: Field) -> bool:
        return self._is_on and self.tallies.get(name, Tally()).is_usual

    def _judge(self, window: int) -> None:
        self.drifted |= {name for name, numbers in self._missing_since.items() if len(numbers) >= window}

    def _release(self) -> list[Held[T]]:
        free = [held for held in self.held if not self._is_held_back(held)]
        self.held = [held for held in self.held if self._is_held_back(held)]
        for held in free:
            for name, is_there in held.fields.items():
                self.tallies[name] = self.tallies.get(name, Tally()).plus(is_there)
        return free

    def _is_held_back(self, held: Held[T]) -> bool:
        """Once the site has changed nothing with a gap is passed on, whatever answers were still on their way."""
        if self.drifted:
            return bool(held.gaps)
        return any(held.number in self._missing_since.get(name, ()) for name in held.gaps)
