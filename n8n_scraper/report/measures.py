"""Percentiles, histograms and throughput, from what a run did with each workflow. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

SERVICE_EDGES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Upper ends of the classes of service time, in seconds; the last class has none."""
MOST_SPANS = 60


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of all does not exceed (nearest rank); None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def classes(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    """How many are up to each edge and above the one before; one class more than edges."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[next((n for n, edge in enumerate(edges) if value <= edge), len(edges))] += 1
    return counts


def score_classes(scores: Sequence[float]) -> list[int]:
    """Scores of 0 to 100 in ten classes from 0–9 to 90–100."""
    counts = [0] * 10
    for score in scores:
        counts[min(9, int(score // 10))] += 1
    return counts


def per_minute(moments: Sequence[datetime], start: datetime, end: datetime) -> list[tuple[float, float]]:
    """How many a minute over the run, in at most 60 equal spans: (seconds at the end of a span, count a minute)."""
    length = max((end - start).total_seconds(), 1.0)
    span = _span(length)
    spans = math.ceil(length / span)
    counts = [0] * spans
    for moment in moments:
        counts[min(spans - 1, max(0, int((moment - start).total_seconds() / span)))] += 1
    widths = [min(span, length - n * span) for n in range(spans)]
    return [
        (min((n + 1) * span, length), count * 60 / width)
        for n, (count, width) in enumerate(zip(counts, widths, strict=True))
    ]


def _span(length: float) -> float:
    """Seconds of one span: batches are committed once a second, so a shorter one would show them and not the rate."""
    return next(
        (span for span in (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600) if length / span <= MOST_SPANS),
        length / MOST_SPANS,
    )
