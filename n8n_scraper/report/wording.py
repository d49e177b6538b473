"""Values as a person reads them. Pure."""

from __future__ import annotations

from datetime import datetime, timezone

from n8n_scraper.printable import printable
from n8n_scraper.report.document import Unit, Value

NO_DATA = "no data"
SHOWN_IDS = 20
MAX_CHARACTERS = 300


def shown(value: Value, unit: Unit = "text") -> str:
    """The value with its unit on one line, without anything in it that changes what is shown."""
    if value is None:
        return NO_DATA
    if isinstance(value, tuple):
        rest = f" and {len(value) - SHOWN_IDS:,} more" if len(value) > SHOWN_IDS else ""
        return ", ".join(map(str, value[:SHOWN_IDS])) + rest
    if isinstance(value, datetime):
        return f"{value.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, str):
        return printable(value, MAX_CHARACTERS)
    return _number(value, unit)


def _number(value: float, unit: Unit) -> str:
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "share":
        return _percent(value)
    if unit == "seconds":
        return duration(value)
    if unit == "rate":
        return f"{value:.3g}/s"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _percent(share: float) -> str:
    """Only all is 100 %, and only nothing is 0 %."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    return f"{share:.1%}".replace(".0%", "%").replace("%", " %")


def duration(seconds: float) -> str:
    """``12 ms``, ``3.4 s``, ``5 min 06 s``, ``1 h 49 min``."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms" if seconds else "0 s"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
