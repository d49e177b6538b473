"""What a scale run measured, each figure from where it can be seen: rows of the store, the replica's access log, the
crawl's own stats. Pure; None where there is nothing to measure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from n8n_scraper import stats
from n8n_scraper.report.measures import percentile
from n8n_scraper.scale.attempts import Breaker
from n8n_scraper.scale.criteria import LISTED_COLUMNS
from n8n_scraper.scale.dataset import GOOD_QUALITY, Dataset
from n8n_scraper.scale.stage_gap import Gap

Row = Mapping[str, Any]
PLANNED_OUTAGES = 1
SHOWN = 3
LATE = 0.3
COLUMN = "column/"
"""Before the name of a column: its own share."""


def of_rows(dataset: Dataset, rows: Mapping[int, Row], wrong: Collection[int]) -> dict[str, float | None]:
    """Completeness, classification, quality, columns and service time; ``wrong`` are not what was expected."""
    possible = [member.id for member in dataset.members if member.crawl_status == "complete"]
    complete = [rows[id] for id in possible if id in rows and rows[id]["crawl_status"] == "complete"]
    good = [member for member in dataset.members if member.least_quality]
    high = [one for one in good if one.id in rows and (rows[one.id]["quality_score"] or 0) >= GOOD_QUALITY]
    whole = [rows[one.id] for one in dataset.members if one.group == "good" and one.id in rows]
    columns = {
        name: _share(sum(row[name] not in (None, "", []) for row in whole), len(whole)) for name in LISTED_COLUMNS
    }
    return {
        "completeness": _share(len(complete), len(possible)),
        "classification": _share(len(dataset.members) - len(wrong), len(dataset.members)),
        "good_quality": _share(len(high), len(good)),
        "columns": min((share for share in columns.values() if share is not None), default=None),
        "service_seconds": _mean([row["service_seconds"] for row in rows.values()]),
        "watchdog": float(sum("WORKFLOW_TIMEOUT" in (row["error"] or "") for row in rows.values())),
        **{f"{COLUMN}{name}": share for name, share in columns.items()},
    }


def worst_columns(figures: Mapping[str, float | None]) -> str:
    """Names of the columns that the figure ``columns`` is of; empty where all are filled."""
    least = figures.get("columns")
    if least is None or least == 100:
        return ""
    return ", ".join(name for name in LISTED_COLUMNS if figures.get(f"{COLUMN}{name}") == least)


PROMISED_HOSTS = frozenset({"site", "api"})
"""As the replica's access log names those that share REQUESTS_PER_SECOND."""


def of_log(entries: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Politeness, as the site saw it. The promise is of its two hosts; that of images' and videos' hosts is another."""
    times = sorted(entry["t"] for entry in entries if entry["host"] in PROMISED_HOSTS)
    return {
        "unplanned_429": float(sum(entry["status"] == 429 and "fault" not in entry for entry in entries)),
        "busiest_second": busiest(times, 1.0),
        "busiest_ten_seconds": busiest(times, 10.0),
    }


def of_stats(runs: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Memory and time of the store, the worst of the crawls that told them."""
    memory = [run["memusage/max"] / 1e6 for run in runs if "memusage/max" in run]
    queries = [run[stats.STORE_QUERY_P95] * 1000 for run in runs if stats.STORE_QUERY_P95 in run]
    return {"peak_memory": max(memory, default=None), "store_query_p95": max(queries, default=None)}


def of_attempts(dataset: Dataset, asked_unlike_plan: Collection[int], breaker: Breaker) -> dict[str, float | None]:
    """How exactly the plan of faults and of the outage was met; see attempts.py."""
    count = len(dataset.members)
    return {
        "retries": _share(count - len(asked_unlike_plan), count),
        "breaker": float(abs(breaker.of_outage - PLANNED_OUTAGES)),
        "breaker_openings": float(breaker.openings),
    }


def examples(unlike: Mapping[int, str]) -> str:
    """A few of the workflows of which something is told."""
    shown = [f"{id}: {what}" for id, what in islice(sorted(unlike.items()), SHOWN)]
    return "; ".join([*shown, *([f"and {len(unlike) - SHOWN} more"] if len(unlike) > SHOWN else [])])


def of_gaps(gaps: Sequence[Gap]) -> dict[str, float | None]:
    return {
        "stage_gap": percentile([gap.idle for gap in gaps], 0.95),
        "stage_gap_pairs": float(len(gaps)),
        "stage_gap_with_queues": percentile([gap.whole for gap in gaps], 0.95),
    }


def queues(figures: Mapping[str, float | None]) -> str:
    """What the figure ``stage_gap`` is of."""
    pairs, whole = figures.get("stage_gap_pairs"), figures.get("stage_gap_with_queues")
    return "" if whole is None else f"of {pairs:g} pairs; {whole:.4g} ms with the queues for the few places of a host"


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def is_kept(rate: float, busiest_second: float, busiest_ten_seconds: float) -> bool:
    """Whether so many requests in any 1 s and any 10 s keep a promise of ``rate`` a second (0: none is made).

    On a busy machine some of a second's requests are sent late, and crowd the next second: never those of ten.
    """
    return not rate or (busiest_second <= rate * (1 + LATE) + 1 and busiest_ten_seconds <= 10 * rate + 1)


def busiest(times: Sequence[float], seconds: float) -> float | None:
    """The most requests in any window of that length, its end left out."""
    return float(max(bisect_left(times, time + seconds) - n for n, time in enumerate(times))) if times else None
