"""The workflows of a run to ask for again: those that failed, those that are not as expected, those that were slow.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from n8n_scraper.report.id_lists import SLOW_SHARE
from n8n_scraper.report.measures import percentile
from n8n_scraper.scale.run_folder import Outcome


class Again(NamedTuple):
    """Ids in ascending order; a workflow may be in several lists."""

    unexpected: tuple[int, ...]
    failed: tuple[int, ...]
    slow: tuple[int, ...]
    slow_from: float | None
    """Seconds of service: slow is what took longer."""

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(sorted({*self.unexpected, *self.failed, *self.slow}))


def choose(outcomes: Sequence[Outcome]) -> Again:
    """``scrapy scale run --again`` asks for ``ids`` of it."""
    times = [seconds for one in outcomes if (seconds := one.get("service_seconds")) is not None]
    limit = percentile(times, SLOW_SHARE)
    return Again(
        _ids(one for one in outcomes if not one.get("is_as_expected")),
        _ids(one for one in outcomes if one.get("error_kind") not in (None, "gone")),
        _ids(one for one in outcomes if limit is not None and (one.get("service_seconds") or 0.0) > limit),
        limit,
    )


def lines(chosen: Again, after: Sequence[Outcome]) -> Iterator[str]:
    """What became of them when they were asked for again."""
    now = {one["id"]: one for one in after}
    holds = {id for id, one in now.items() if one.get("is_as_expected")}
    fast = {id for id, one in now.items() if (one.get("service_seconds") or 0.0) <= (chosen.slow_from or 0.0)}
    well = {id for id in holds if now[id].get("error_kind") in (None, "gone")}
    for ids, what, good, now_good in (
        (chosen.unexpected, "not as expected", holds, "as expected now"),
        (chosen.failed, "failed", well, "without a failure now"),
        (chosen.slow, f"slow (over {chosen.slow_from or 0:.2f} s)", fast, "faster now"),
    ):
        still = [str(id) for id in ids if id not in good]
        yield f"{len(ids)} were {what}: {len(ids) - len(still)} {now_good}" + (
            f"; still not: {', '.join(still)}" if still else ""
        )


def _ids(outcomes: Iterable[Outcome]) -> tuple[int, ...]:
    return tuple(sorted(one["id"] for one in outcomes))
