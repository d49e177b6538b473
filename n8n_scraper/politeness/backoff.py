"""How long a request waits before it is sent again. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from n8n_scraper.failures import KINDS

RETRY_WAITS = (1.0, 2.0, 4.0)
"""Seconds before the second, third and fourth request; there is no fifth."""
JITTER = 0.2
"""Largest share that chance adds to a wait; it never shortens one."""
PUT_OFF_SECONDS = 300.0
"""A Retry-After above this does not hold the crawl up: the id is put off to that time."""
LONGEST_SECONDS = 86_400.0
"""No answer from outside makes us wait longer than a day."""


def retry_delay(kind: str, attempt: int, retry_after: float | None, random: Callable[[], float]) -> float | None:
    """Seconds to wait before the next request, or None when there is to be none.

    ``attempt`` is the number of requests that count so far, 0 when all were given back; ``random`` returns a number in
    [0, 1).
    """
    if not KINDS[kind].retried or attempt > len(RETRY_WAITS):
        return None
    wait = max(RETRY_WAITS[max(attempt, 1) - 1], retry_after or 0.0)
    return min(wait * (1 + JITTER * random()), LONGEST_SECONDS)


def parse_retry_after(value: bytes | str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (a number or an HTTP date), from 0 to a day; None for nonsense."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value or ""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_SECONDS)
    moment = parse_http_date(text)
    if moment is None:
        return None
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_SECONDS)


def parse_http_date(text: str) -> datetime | None:
    if not 0 < len(text) < 64:  # the longest form of RFC 9110 has 33 characters
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):  # what the standard parser raises on odd dates
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
