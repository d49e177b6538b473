"""The rate in force: what is promised, less what the site asked us to spare. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

MARGIN = 1.01
"""Turns are one percent further apart than the promise asks, so that late wake-ups do not break a window's bound."""
LARGEST_SHIFT = 0.02
"""What a turn used late may move the next but one by, as a share of the spacing: more would break the mean."""
RECOVERY_STEP = 0.1
CLEAN_ANSWERS_PER_STEP = 30
LOWEST_FACTOR = 1 / 16
"""More halvings than four change nothing: then the circuit breaker decides."""


@dataclass(frozen=True)
class Pace:
    """``promise`` in requests a second, ``factor`` the share of it in force, ``clean_count`` answers since a step."""

    promise: float
    factor: float = 1.0
    clean_count: int = 0

    @property
    def per_second(self) -> float:
        return self.promise * self.factor

    @property
    def spacing(self) -> float:
        """Seconds from one request to the next."""
        return MARGIN / self.per_second

    @property
    def pair(self) -> float:
        """Seconds from a turn to the next but one: one used late moves the latter, so as not to crowd its second."""
        return (1 + MARGIN) / self.per_second

    @property
    def largest_shift(self) -> float:
        return LARGEST_SHIFT * self.spacing

    def limited(self, per_second: float) -> Pace:
        """With a smaller promise, if it is smaller."""
        return replace(self, promise=min(self.promise, per_second))

    def halved(self) -> Pace:
        """After a 429."""
        return replace(self, factor=max(self.factor / 2, LOWEST_FACTOR), clean_count=0)

    def recovered(self, clean_answers: int) -> Pace:
        """After so many more clean answers: a tenth of the promise comes back for each 30 of them."""
        if self.factor >= 1:
            return replace(self, factor=1.0, clean_count=0)
        steps, rest = divmod(self.clean_count + clean_answers, CLEAN_ANSWERS_PER_STEP)
        factor = min(self.factor + steps * RECOVERY_STEP, 1.0)
        return replace(self, factor=factor, clean_count=rest if factor < 1 else 0)
