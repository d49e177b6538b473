"""Lists of workflows of a run, to be asked for again. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from n8n_scraper.exceptions import StartError
from n8n_scraper.failures import KINDS
from n8n_scraper.items import QUALITY_BANDS
from n8n_scraper.report.measures import percentile
from n8n_scraper.report.run_data import RunData, Visited

SLOW_SHARE = 0.95
_CHOICES: dict[str, Callable[[Visited], bool]] = {
    "failed": lambda visit: visit.error_kind not in (None, "gone", "blocked"),
    "partial": lambda visit: visit.outcome.status == "partial",
    "poor": lambda visit: visit.quality_score is not None and visit.quality_score < QUALITY_BANDS["good"],
    "new": lambda visit: visit.content == "new",
    "changed": lambda visit: visit.content == "changed",
    "back": lambda visit: visit.turn == "back",
}
LISTS = ("slow", *_CHOICES, *KINDS)
"""``slow`` is over the 95th percentile of the service time; a failure kind has the workflows that ended with it."""


def check_lists(names: Sequence[str]) -> None:
    """Raises:
    StartError: there is no such list.
    """
    for name in names:
        if name not in LISTS:
            near = difflib.get_close_matches(name, LISTS, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" There are {', '.join(LISTS)}."
            raise StartError(f"--ids: there is no list {name!r}.{hint}")


def choose_ids(run: RunData, names: Sequence[str]) -> list[int]:
    """Ids of the workflows in any of the lists, which are some of LISTS; in ascending order."""
    visits = run.visits or []
    chosen: set[int] = set()
    for name in names:
        chosen.update(visit.id for visit in filter(_chooser(name, run), visits))
    return sorted(chosen)


def _chooser(name: str, run: RunData) -> Callable[[Visited], bool]:
    if name in _CHOICES:
        return _CHOICES[name]
    if name in KINDS:
        return lambda visit: visit.error_kind == name
    limit = percentile([visit.service_seconds for visit in run.asked], SLOW_SHARE)
    return lambda visit: limit is not None and visit.service_seconds > limit
