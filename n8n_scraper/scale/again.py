"""The workflows of a run to ask for again: those that failed, those that are not as expected, those that were slow.
Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
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
    """What became of them when they were asked for again; faults that are planned to last make them fail again."""
    now = {one["id"]: one for one in after}
    expected = {id for id, one in now.items() if one.get("is_as_expected")}
    well = {id for id in expected if now[id].get("error_kind") in (None, "gone")}
    fast = {id for id, one in now.items() if (one.get("service_seconds") or 0.0) <= (chosen.slow_from or 0.0)}
    yield f"{len(chosen.unexpected)} were not as expected: {_hold(chosen.unexpected, expected)} as expected now"
    yield (
        f"{len(chosen.failed)} failed: {len(well & {*chosen.failed})} no more,"
        f" {len((expected - well) & {*chosen.failed})} again as planned; {_hold(chosen.failed, expected)} hold now"
    )
    limit = f"over {chosen.slow_from or 0:.2f} s"
    yield f"{len(chosen.slow)} were slow ({limit}): {_hold(chosen.slow, fast)} are faster now"


def _hold(ids: Sequence[int], good: Collection[int]) -> str:
    """How many hold; and which do not."""
    still = [str(id) for id in ids if id not in good]
    return f"{len(ids) - len(still)}" + (f" (not {', '.join(still)})" if still else "")


def _ids(outcomes: Iterable[Outcome]) -> tuple[int, ...]:
    return tuple(sorted(one["id"] for one in outcomes))
