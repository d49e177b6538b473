"""What the end of a task's process means: done, once more after a wait, or set aside with its reason. Pure.

What counts is what the store says of the job; the exit code and the close reason tell why it is not finished.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["done", "again", "aside"]

MOST_CRASHES = 3
"""Crashes in a row, without a row committed between them, after which a task is set aside."""
SITE_REASONS = frozenset(
    {"blocked", "circuit_breaker_open", "robots_unreachable", "sitemap_unavailable", "listing_unavailable"}
)
"""Close reasons that hold for every task: whoever asks from the same address waits too."""
WAITS = {
    **dict.fromkeys(SITE_REASONS, 900.0),
    "store_unavailable": 30.0,
    "disk_full": 600.0,
    "put_off": 300.0,
    "shutdown": 2.0,
}
"""Seconds until a task is tried again, by the close reason of its crawl."""
MANY_SHARDS = 8
FIRST_WAIT = 10.0
"""After a crash; it doubles."""


@dataclass(frozen=True)
class End:
    """How the process of a task ended. ``exit_code`` as of :class:`subprocess.Popen`; None: its worker died with it."""

    exit_code: int | None
    is_finished: bool
    """Nothing is left of its job."""
    close_reason: str | None = None
    has_progress: bool = False
    """Rows were committed since it was begun."""
    crash_count: int = 0
    """In a row, before this end."""
    said: str = ""
    """The last line of an export's errors."""
    makes_rows: bool = True


@dataclass(frozen=True)
class Outcome:
    verdict: Verdict
    reason: str | None = None
    wait: float = 0.0
    """Seconds until it is tried again."""
    crash_count: int = 0
    concerns_site: bool = False
    """No worker of the same egress asks the site for as long."""


def judge(end: End) -> Outcome:
    if end.is_finished:
        return Outcome("done", end.close_reason if end.exit_code else None)
    if (reason := _stopped(end)) is not None:
        return Outcome("again", reason, WAITS[reason], end.crash_count, concerns_site=reason in SITE_REASONS)
    if end.exit_code == 4:
        return Outcome("aside", f"the crawl ended with {end.close_reason}: mend it, then scrapy work retry")
    return _crashed(end)


def _stopped(end: End) -> str | None:
    """Why the process stopped in order, to be started again; None when it did not."""
    if end.exit_code in {-signal.SIGTERM, -signal.SIGINT}:  # before it could take the signal in order
        return "shutdown"
    if end.exit_code in {0, 3} and end.close_reason in WAITS:
        return end.close_reason
    return "store_unavailable" if end.exit_code == 3 else None  # which could not write why either


def _crashed(end: End) -> Outcome:
    count = 1 if end.has_progress else end.crash_count + 1
    reason = _name(end)
    if count >= MOST_CRASHES:
        between = " without a row between them" if end.makes_rows else ""
        return Outcome("aside", f"{reason}, {count} times in a row{between}", crash_count=count)
    return Outcome("again", reason, FIRST_WAIT * 2 ** (count - 1), count)


def _name(end: End) -> str:
    if end.exit_code is None:
        return "its worker died, or was not heard of for longer than its lease"
    if end.exit_code < 0:
        return f"its process was ended by {signal.Signals(-end.exit_code).name}"
    if end.exit_code == 0 and end.close_reason == "finished":
        return "the site refused some of its ids"
    why = f" ({end.said or end.close_reason})" if end.said or end.close_reason else ""
    return f"its process ended with exit code {end.exit_code}{why}"


def shards(ids: list[int], size: int) -> list[list[int]]:
    """The ids in their order, in parts of at most ``size``.

    Of many parts the first are shorter: workers that begin together then end apart, and one goes on at the whole rate
    while another starts its next crawl.
    """
    short = [size // 4, size // 2, size * 3 // 4] if size >= 4 and len(ids) > MANY_SHARDS * size else []
    ends = [sum(short[: number + 1]) for number in range(len(short))]
    ends += range(sum(short) + size, len(ids) + size, size)
    return [ids[first:end] for first, end in zip([0, *ends], ends, strict=False) if first < len(ids)]
