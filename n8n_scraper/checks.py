"""What a finished crawl must look like: stat, comparison, threshold. Pure.

Declared here, overridden by N8N_SCRAPER_CHECKS. Without a verdict there is no pass: a stat that is missing fails its
check. Only a check that says when it applies, and a run to which it does not, makes "not judged".
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from n8n_scraper import stats
from n8n_scraper.completeness import MUST_HAVE
from n8n_scraper.failures import KINDS

Verdict = Literal["passed", "failed", "not judged"]
COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}
LEAST = 20
"""Fewer workflows than this say nothing about a share."""


class Check(NamedTuple):
    name: str
    stat: str
    comparison: str
    threshold: float
    when: str
    """A stat that must be there too; below ``least`` the check does not apply."""
    least: float
    meaning: str


class Judged(NamedTuple):
    check: Check
    value: float | None
    verdict: Verdict
    reason: str

    def sentence(self) -> str:
        """Like ``failed is 0.3, must be <= 0.1 (share/failed)``."""
        limit = f"must be {self.check.comparison} {self.check.threshold:g} ({self.check.stat})"
        if self.value is None:
            return f"{self.check.name} {self.reason}, {limit}"
        return f"{self.check.name} is {self.value:.4g}, {limit}" + (f", {self.reason}" if self.reason else "")


CHECKS: tuple[Check, ...] = (
    Check("structure", stats.DRIFT_COUNT, "<=", 0, stats.DRIFT_COUNT, 0, "fields that answers have no more"),
    Check("failed", stats.FAILED_SHARE, "<=", 0.10, stats.PLANNED_COUNT, LEAST, "workflows that failed, layers 1 to 3"),
    Check("blocked", stats.BLOCKED_SHARE, "<=", 0.02, stats.PLANNED_COUNT, LEAST, "workflows that the site refused"),
    Check("sitemap", stats.SITEMAP_SHARE, ">=", 0.99, stats.SITEMAP_COUNT, 1, "ids of the sitemap that have a row"),
    Check(
        "listing",
        stats.LISTING_UNREAD_COUNT,
        "<=",
        0,
        stats.LISTING_UNREAD_COUNT,
        0,
        "pages of the listing that should have told what changed and could not be read",
    ),
    Check("gone", stats.GONE_SHARE, "<=", 0.05, stats.LISTED_COUNT, LEAST, "workflows of the sitemap that are gone"),
    Check(
        "gone/unlisted",
        stats.UNLISTED_GONE_SHARE,
        "<=",
        0.5,  # about half of all numbers that ever were are templates: a list of guesses passes, a site that is off not
        stats.UNLISTED_COUNT,
        LEAST,
        "workflows that are gone, where no sitemap tells whether they should be there",
    ),
    *(
        Check(
            f"completeness/{column}",
            stats.COMPLETENESS.format(column),
            ">=",
            0.90 if column == "categories" else 0.95,  # a few real templates have none
            stats.COLUMN_EXPECTED_COUNT.format(column),
            LEAST,
            f"rows that have {column}",
        )
        for column in MUST_HAVE
    ),
)
_OVERRIDE = re.compile(r"([a-z_/]+)\s*(?:(<=|>=)\s*([0-9.]+)|=\s*off)")


def read_checks(text: str) -> tuple[Check, ...]:
    """The checks in force: ``failed<=0.3, completeness/views>=0.8, sitemap=off``, or ``off`` for none.

    Raises:
        ValueError: what cannot be read, with what is allowed.
    """
    if text.strip().lower() == "off":
        return ()
    checks = {check.name: check for check in CHECKS}
    for word in filter(None, map(str.strip, text.split(","))):
        name, override = _override(word, checks)
        if override is None:
            checks.pop(name)
        else:
            checks[name] = checks[name]._replace(threshold=override)
    return tuple(checks.values())


def judge(check: Check, values: Mapping[str, Any]) -> Judged:
    """The verdict on one check, from the stats of a run."""
    applies = _number(values.get(check.when))
    if applies is None:
        return Judged(check, None, "failed", f"cannot be judged: {check.when} is missing")
    if applies < check.least:
        return Judged(check, None, "not judged", f"{check.when} is {applies:g}, under {check.least:g}")
    value = _number(values.get(check.stat))
    if value is None:
        return Judged(check, None, "failed", f"cannot be judged: {check.stat} is missing")
    holds = COMPARISONS[check.comparison](value, check.threshold)
    return Judged(check, value, "passed" if holds else "failed", "")


def shares(values: Mapping[str, Any]) -> dict[str, float]:
    """The stats that checks look at and that follow from counts; one whose counts are missing is not made."""
    made = {}
    items = _number(values.get(stats.ITEM_COUNT))
    if items:
        kinds = [kind for kind in KINDS if kind not in {"gone", "blocked"}]
        counts = {kind: _number(values.get(stats.FAILURE_COUNT.format(kind))) or 0.0 for kind in KINDS}
        made[stats.FAILED_SHARE] = round(sum(counts[kind] for kind in kinds) / items, 6)
        made[stats.BLOCKED_SHARE] = round(counts["blocked"] / items, 6)
    for column in MUST_HAVE:
        expected = _number(values.get(stats.COLUMN_EXPECTED_COUNT.format(column)))
        if expected:
            missing = _number(values.get(stats.COLUMN_MISSING_COUNT.format(column))) or 0.0
            made[stats.COMPLETENESS.format(column)] = round(1 - missing / expected, 6)
    return made


def _override(word: str, checks: Mapping[str, Check]) -> tuple[str, float | None]:
    found = _OVERRIDE.fullmatch(word)
    if found is None:
        raise ValueError(f"{word!r} is not like failed<=0.3 or sitemap=off (or off, for none at all)")
    name, comparison, number = found.groups()
    if name not in checks:
        near = difflib.get_close_matches(name, checks, n=1)
        hint = f", did you mean {near[0]}?" if near else f"; there are {', '.join(checks)}"
        raise ValueError(f"there is no check {name!r}{hint}")
    if comparison is None:
        return name, None
    if comparison != checks[name].comparison:
        raise ValueError(f"{name} has {checks[name].comparison}, not {comparison}")
    try:
        return name, float(number)
    except ValueError:
        raise ValueError(f"{number!r} in {word!r} is no number") from None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
