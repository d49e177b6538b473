"""How far a run is and how fast it goes, from its own counters. Pure.

A run counts what it processed itself: what an earlier run of the same job did is in neither number.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from n8n_scraper.iso_time import iso
from n8n_scraper.items import CRAWL_STATUSES, WorkflowItem
from n8n_scraper.outcome import Outcome

WORKFLOW_WINDOW, REQUEST_WINDOW = 60.0, 10.0
"""Seconds that a rate is measured over: what is left is told by the last minute, what is sent now by a moment."""
SAMPLE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Limiter:
    """Rates in requests a second; None: no limit is set, or nothing was measured yet."""

    measured: float | None = None
    in_force: float | None = None
    promised: float | None = None
    waiting: int = 0
    """Requests that wait for their turn now."""
    wait_seconds: float = 0.0
    request_count: int = 0
    limited_count: int = 0
    """Answers with status 429."""
    retry_count: int = 0
    put_off_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Breaker:
    state: str = "closed"
    open_seconds: float = 0.0
    """Since it opened; 0 when it is closed."""
    seconds_until_probe: float = 0.0
    open_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What the run got of its workflows, committed rows only."""

    statuses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CRAWL_STATUSES, 0))
    failures: dict[str, int] = field(default_factory=dict)
    """By failure kind, what this run could not get; a row may still stand from an earlier run."""
    quality_mean: float | None = None
    quality_bands: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """``successful`` is settled, gone included; ``failed`` the rest; both make ``processed``. Times in seconds."""

    checkpoint_id: int | None = None
    total_workflows: int
    processed: int
    successful: int
    failed: int
    remaining: int
    avg_time: float | None
    """From one workflow to the next, on average since the first was there."""
    eta_seconds: float | None
    """At the rate of the last minute; None when nothing moved in it. What was put off is not waited for."""
    last_workflow_id: int | None
    timestamp: datetime
    limiter: Limiter
    breaker: Breaker
    outcomes: Outcomes

    def as_json(self) -> dict[str, Any]:
        """What ``scrapy status --json`` gives."""
        content = asdict(self)
        del content["outcomes"]
        content["timestamp"] = iso(self.timestamp)
        return content


class Meter:
    """A rate over the last ``window`` seconds; its clock starts with the first thing counted, not what led to it."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._samples: deque[tuple[float, int]] = deque()
        self.first: tuple[float, int] | None = None
        """When counting began, and the count then."""

    def note(self, now: float, count: int) -> None:
        if not count:
            return
        self.first = self.first or (now, count)
        if not self._samples or now - self._samples[-1][0] >= SAMPLE_SECONDS:
            self._samples.append((now, count))
        while len(self._samples) > 1 and self._samples[1][0] <= now - self._window:
            self._samples.popleft()

    def per_second(self, now: float, count: int) -> float | None:
        """None as long as there is nothing to measure."""
        if not self._samples or now - self._samples[0][0] < SAMPLE_SECONDS:
            return None
        since, before = self._samples[0]
        return (count - before) / (now - since)

    def mean_seconds(self, now: float, count: int) -> float | None:
        """Between two things counted, since the beginning."""
        if self.first is None or count <= self.first[1]:
            return None
        return (now - self.first[0]) / (count - self.first[1])


class Tally:
    """Counts what a run brings; ``now`` are seconds of one clock throughout."""

    def __init__(self) -> None:
        self._statuses: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._bands: Counter[str] = Counter()
        self._score_sum = 0.0
        self._last_id: int | None = None
        self._workflows, self._requests = Meter(WORKFLOW_WINDOW), Meter(REQUEST_WINDOW)

    @property
    def processed(self) -> int:
        return self._statuses.total()

    def count(self, item: WorkflowItem, got: Outcome, now: float) -> None:
        """A row was committed. The quality of what this run did not bring is none of its figures."""
        self._statuses[got.status] += 1
        self._last_id = item.id
        if got.is_failed:
            self._failures[got.error_kind or "internal"] += 1
        if item.source is not None and item.quality_band is not None and item.quality_score is not None:
            self._bands[item.quality_band] += 1
            self._score_sum += item.quality_score
        self._workflows.note(now, self.processed)

    def tick(self, now: float, request_count: int) -> None:
        """Time passed; call it about every second."""
        self._workflows.note(now, self.processed)
        self._requests.note(now, request_count)

    def request_rate(self, now: float, request_count: int) -> float | None:
        """Requests a second that really went out in the last ten seconds."""
        return self._requests.per_second(now, request_count)

    def checkpoint(self, now: float, at: datetime, *, total: int, limiter: Limiter, breaker: Breaker) -> Checkpoint:
        failed = self._failures.total()
        remaining = max(0, total - self.processed)
        return Checkpoint(
            total_workflows=total,
            processed=self.processed,
            successful=self.processed - failed,
            failed=failed,
            remaining=remaining,
            avg_time=self._workflows.mean_seconds(now, self.processed),
            eta_seconds=self._eta(now, remaining - limiter.put_off_count, limiter.in_force),
            last_workflow_id=self._last_id,
            timestamp=at,
            limiter=limiter,
            breaker=breaker,
            outcomes=self._outcomes(),
        )

    def _eta(self, now: float, left: int, in_force: float | None) -> float | None:
        """No workflow takes less than a request, whatever the rate of the first seconds looks like."""
        if left <= 0:
            return 0.0 if self.processed else None
        rate = self._workflows.per_second(now, self.processed)
        return left / min(rate, in_force or math.inf) if rate else None

    def _outcomes(self) -> Outcomes:
        scored = self._bands.total()
        return Outcomes(
            statuses={status: self._statuses[status] for status in CRAWL_STATUSES},
            failures=dict(sorted(self._failures.items())),
            quality_mean=self._score_sum / scored if scored else None,
            quality_bands=dict(sorted(self._bands.items())),
        )


def duration(seconds: float) -> str:
    """Like ``1:02:03``."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
