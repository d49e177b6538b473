"""What a load test does, fixed before it begins: how many users there are when, and what they schedule. Pure."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

ASKS_EVERY = 5.0
"""Seconds from one question of a user to the next."""


@dataclass(frozen=True)
class Ramp:
    """Seconds in which the users come, stay and go."""

    up: float
    hold: float
    down: float

    @classmethod
    def of(cls, minutes: float) -> Ramp:
        """Two, six and two of ten."""
        return cls(12 * minutes, 36 * minutes, 12 * minutes)

    def users(self, seconds: float, most: int) -> int | None:
        """How many there are so long after the start; None when it is over."""
        if seconds >= self.up + self.hold + self.down:
            return None
        share = min(1.0, seconds / self.up, (self.up + self.hold + self.down - seconds) / self.down)
        return max(1, math.ceil(most * share))


@dataclass(frozen=True)
class Plan:
    """``crawls`` are the forms of schedule.json, sent by whichever user has time, evenly in the first ``spread``
    seconds; nothing else is scheduled. Thresholds judge what Locust sees: errors in percent, answers in ms.
    """

    users: int
    ramp: Ramp
    crawls: list[dict[str, str]]
    spread: float
    authorization: str
    """Header of each request."""
    most_errors: float
    most_ms: float
    answers: tuple[str, ...]
    """Services whose answers have to be as fast as that."""
    asks_every: float = ASKS_EVERY

    def due_at(self, number: int) -> float:
        """Seconds after the start when that crawl is scheduled."""
        return self.spread * number / len(self.crawls)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        path.chmod(0o600)  # it has the password of a scrapyd

    @classmethod
    def read(cls, path: Path) -> Plan:
        given = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**given, "ramp": Ramp(**given["ramp"]), "answers": tuple(given["answers"])})
