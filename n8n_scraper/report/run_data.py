"""What a report is made from: a run of the ledger, and what it did with each workflow. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from n8n_scraper.items import STAGES
from n8n_scraper.outcome import Outcome, outcome
from n8n_scraper.report.standing import Standing


class Visited(NamedTuple):
    """A workflow as one run left it; the fields are those of the table ``run_workflows``."""

    id: int
    committed_at: datetime
    crawl_status: str
    layer_statuses: tuple[str, str, str]
    """Of layers 1 to 3, as the run saw them."""
    content: str
    """What became of the content: ``new``, ``changed``, ``unchanged`` or ``none``."""
    turn: str | None
    """``gone`` or ``back`` since the crawl before."""
    error_kind: str | None
    error: str | None
    quality_score: float | None
    attempt_count: int
    request_count: int
    service_seconds: float
    name: str | None = None
    """Its title as stored today; from outside."""
    stage_statuses: tuple[str | None, ...] = (None,) * len(STAGES)
    """Of the opt-in layers; None: not asked for, or not got to."""

    @property
    def outcome(self) -> Outcome:
        """What the run got, where ``crawl_status`` is how the row stood then."""
        return outcome(self.layer_statuses, self.stage_statuses, self.error_kind)


@dataclass(frozen=True, kw_only=True)
class RunData:
    """A row of the table ``runs``; ``visits`` is None where the store cannot be asked."""

    run_id: str
    arguments: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    close_reason: str | None = None
    exit_code: int | None = None
    stats: dict[str, Any] = field(default_factory=dict)
    visits: list[Visited] | None = None
    standing: Standing | None = None
    """How it stood when this was read; None where the store was not asked."""

    @property
    def seconds(self) -> float | None:
        """From its start to its end; None where it has no end."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, (self.ended_at - self.started_at).total_seconds())

    @property
    def asked(self) -> list[Visited]:
        """Those that the site was asked for; of others only the stages were left."""
        return [visit for visit in self.visits or () if visit.attempt_count]

    def number(self, stat: str) -> float | None:
        """A stat that is a number; None where it is missing or none."""
        value = self.stats.get(stat)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def numbers(self, pattern: str) -> dict[str, float]:
        """Stats of a name with one ``{}``: label → number, largest first."""
        before, _, after = pattern.partition("{}")
        found = {
            name[len(before) : len(name) - len(after)]: number
            for name in self.stats
            if name.startswith(before) and name.endswith(after) and (number := self.number(name)) is not None
        }
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
