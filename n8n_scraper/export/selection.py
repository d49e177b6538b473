"""Which rows and columns an export has: checked when given, turned into SQL, told by the manifest. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.iso_time import iso
from n8n_scraper.items import COLUMN_NAMES, COLUMNS, CRAWL_STATUSES, Column

_AGO = re.compile(r"(\d{1,5})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Filters combine with *and*, the values inside one with *or*. Without any: the whole store."""

    columns: tuple[Column, ...] = COLUMNS
    statuses: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """Compared without regard to case."""
    node_types: tuple[str, ...] = ()
    """Whole types, or their last part (``slack`` for ``n8n-nodes-base.slack``), without regard to case."""
    min_quality: float | None = None
    free: bool = False
    changed_since: datetime | None = None
    """Content changed, or the workflow was found gone."""
    include_paid: bool = False

    @property
    def is_everything(self) -> bool:
        return not self.filters() and self.columns == COLUMNS

    def filters(self) -> dict[str, Any]:
        """The filters in force, by the name of their option, as JSON values."""
        since = self.changed_since and iso(self.changed_since)
        options = {
            "status": list(self.statuses),
            "category": list(self.categories),
            "node-type": list(self.node_types),
            "min-quality": self.min_quality,
            "free": self.free,
            "changed-since": since,
        }
        return {name: value for name, value in options.items() if value not in ([], None) and value is not False}

    def condition(self) -> tuple[str, dict[str, Any]]:
        """SQL over ``workflow_rows r``, with its parameters."""
        conditions = {
            "status": "r.crawl_status = any(%(status)s)",
            "category": "exists (select from unnest(r.categories) c where lower(c) = any(%(category)s))",
            "node-type": "exists (select from unnest(r.node_types) t"
            r" where lower(t) = any(%(node-type)s) or lower(substring(t from '[^.]*$')) = any(%(node-type)s))",
            "min-quality": "r.quality_score >= %(min-quality)s",
            "free": "r.is_paid = false",
            "changed-since": "(r.changed_at >= %(changed-since)s or r.gone_at >= %(changed-since)s)",
        }
        filters = self.filters()
        parameters = {k: [word.lower() for word in v] if isinstance(v, list) else v for k, v in filters.items()}
        return " and ".join(conditions[name] for name in filters) or "true", parameters


def choose_columns(only: Sequence[str] = (), without: Sequence[str] = ()) -> tuple[Column, ...]:
    """Columns in the order of the contract. ``id`` is the key of a row and always stays.

    Raises:
        StartError: a name that is no column, both ways of choosing at once, or ``id`` left out.
    """
    if only and without:
        raise StartError("--columns and --without exclude each other: give one of them.")
    for name in (*only, *without):
        if name not in COLUMN_NAMES:
            raise StartError(unknown("column", name, COLUMN_NAMES))
    if "id" in without:
        raise StartError("--without id: id is the key of a row and stays.")
    kept = {"id", *only} if only else set(COLUMN_NAMES) - set(without)
    return tuple(column for column in COLUMNS if column.name in kept)


def choose_statuses(names: Iterable[str]) -> tuple[str, ...]:
    """Raises:
    StartError: a name that is no crawl_status.
    """
    chosen = tuple(names)
    for name in chosen:
        if name not in CRAWL_STATUSES:
            raise StartError(unknown("status", name, CRAWL_STATUSES))
    return chosen


def read_quality(text: str) -> float:
    """Raises:
    StartError: not a number from 0 to 100.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if 0 <= number <= 100:
        return number
    raise StartError(f"--min-quality {text}: must be a number from 0 to 100.")


def read_moment(text: str, now: datetime) -> datetime:
    """``2026-11-01``, ``2026-11-01T06:00:00Z`` (UTC without a zone), or how long ago: ``12h``, ``7d``, ``2w``.

    Raises:
        StartError: anything else.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return now - int(ago[1]) * _UNITS[ago[2]]
        moment = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise StartError(f"--changed-since {text}: must be a date, a date and time, or 12h, 7d, 2w.") from None


def no_row_has(what: str, asked: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """A sentence for each value of a filter that no row has, with the nearest that rows have."""
    spellings = {name.lower(): name for name in known}
    for value in asked:
        if value.lower() not in spellings:
            near = [
                repr(spellings[name]) for name in difflib.get_close_matches(value.lower(), spellings, n=3, cutoff=0.5)
            ]
            yield f"no row has {what} {value!r}" + (f"; near: {', '.join(near)}." if near else ".")


def with_last_parts(node_types: Iterable[str]) -> Iterator[str]:
    """What ``node_types`` are asked for by: whole or by their last part."""
    for name in node_types:
        yield from (name, name.rpartition(".")[2])


def unknown(what: str, name: str, names: Iterable[str]) -> str:
    """A sentence that names the nearest of the known names, or all of them when they are few."""
    known = list(names)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
    return f"There is no {what} {name!r}: {hint}"
