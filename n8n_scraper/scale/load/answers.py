"""What the users of a load test saw of a scrapyd, and whether that was fast and good enough. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from n8n_scraper.scale.load.findings import Finding, percentile
from n8n_scraper.scale.load.plan import Plan

BANDS = 4
"""Of numbers of users, for which answers are looked at apart."""


class Answer(NamedTuple):
    service: str
    milliseconds: float
    is_ok: bool
    users: int
    """There were so many of them at that time."""


class Scheduled(NamedTuple):
    job: str
    sent_at: float
    """Seconds since the epoch."""


@dataclass
class Seen:
    answers: list[Answer] = field(default_factory=list)
    scheduled: list[Scheduled] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What was said in place of good answers, the first few."""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Seen:
        given = json.loads(path.read_text(encoding="utf-8"))
        answers = [Answer(*row) for row in given["answers"]]
        return cls(answers, [Scheduled(*row) for row in given["scheduled"]], given["refused"])


def judged(plan: Plan, seen: Seen) -> list[Finding]:
    """What has a threshold; nothing seen is nothing that holds."""
    errors = 100 * sum(not one.is_ok for one in seen.answers) / len(seen.answers) if seen.answers else None
    fast = [one.milliseconds for one in seen.answers if one.service in plan.answers]
    return [
        Finding(
            name="errors",
            figure=errors,
            unit="%",
            threshold=plan.most_errors,
            note=f"of {len(seen.answers)} answers; {'; '.join(seen.refused[:2]) or 'all good'}",
        ),
        Finding(
            name=f"answers of {', '.join(plan.answers)}",
            figure=percentile(fast, 0.95),
            unit="ms p95",
            threshold=plan.most_ms,
            note=f"{len(fast)} answers, up to {plan.users} users",
        ),
    ]


def told(seen: Seen) -> Iterator[Finding]:
    """By service, and by how many users there were: where answers become slow."""
    for service in sorted({one.service for one in seen.answers}):
        took = [one.milliseconds for one in seen.answers if one.service == service]
        yield _p95(f"answers of {service}", took)
    yield from _by_users(seen.answers)


def _by_users(answers: Sequence[Answer]) -> Iterator[Finding]:
    most = max((one.users for one in answers), default=0)
    step = max(1, -(-most // BANDS))
    for first in range(0, most, step):
        last = min(first + step, most)
        took = [one.milliseconds for one in answers if first < one.users <= last]
        yield _p95(f"answers with {first + 1} to {last} users", took)


def _p95(name: str, took: Sequence[float]) -> Finding:
    p50 = percentile(took, 0.5)
    return Finding(
        name=name,
        figure=percentile(took, 0.95),
        unit="ms p95",
        note=f"{len(took)} answers" + ("" if p50 is None else f", p50 {p50:.3g} ms"),
    )
