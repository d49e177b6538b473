"""Points in time as the site writes them. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

EARLIEST = datetime(2015, 1, 1, tzinfo=timezone.utc)
"""n8n began in 2019; what is older is a mistake, not a date."""

_ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)", re.IGNORECASE | re.ASCII
)


def read_timestamp(value: Any, now: datetime | None = None) -> datetime | None:
    """An ISO 8601 time with its zone, in UTC; None when it is none, before 2015, or over a day after ``now``."""
    match = _ISO_8601.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    date, time, fraction, zone = match.groups()
    offset = "+00:00" if zone in "Zz" else f"{zone[:3]}:{zone[-2:]}"
    try:
        moment = datetime.fromisoformat(f"{date}T{time}.{(fraction or '0')[:6]:0<6}{offset}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    is_future = now is not None and moment > now + timedelta(days=1)
    return None if moment < EARLIEST or is_future else moment
