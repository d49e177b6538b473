"""Virtual time, and what a list of moments says about politeness."""

from __future__ import annotations

import asyncio
import selectors
from bisect import bisect_left
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import pytest

_T = TypeVar("_T")


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, lateness: Callable[[], float]) -> None:
        super().__init__()
        self.now = 0.0
        self._lateness = lateness

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("everything waits, and nothing will ever happen")
        if timeout > 0:
            self.now += timeout + self._lateness()
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps: a test of an hour takes no time, and every wake-up can be made late."""

    def __init__(self, lateness: Callable[[], float] = lambda: 0.0) -> None:
        self._jumping = _JumpingSelector(lateness)
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def _run(scenario: Callable[[VirtualTimeLoop], Coroutine[Any, Any, _T]], lateness: Callable[[], float] = float) -> _T:
    loop = VirtualTimeLoop(lateness)
    try:
        return loop.run_until_complete(scenario(loop))
    finally:
        loop.close()


def _busiest(moments: Sequence[float], seconds: float) -> int:
    ordered = sorted(moments)
    return max((bisect_left(ordered, start + seconds) - i for i, start in enumerate(ordered)), default=0)


def _mean_rate(moments: Sequence[float]) -> float:
    return (len(moments) - 1) / (max(moments) - min(moments))


@pytest.fixture
def in_virtual_time() -> Any:
    """``in_virtual_time(scenario, lateness)`` runs ``scenario(loop)``, each wake-up late by ``lateness()`` seconds."""
    return _run


@pytest.fixture
def busiest() -> Callable[[Sequence[float], float], int]:
    """The most moments that any half-open window of so many seconds holds."""
    return _busiest


@pytest.fixture
def mean_rate() -> Callable[[Sequence[float]], float]:
    """Moments a second, from the first to the last."""
    return _mean_rate
