"""Times as this project writes them into files. Pure."""

from __future__ import annotations

from datetime import datetime, timezone


def iso(moment: datetime, timespec: str = "auto") -> str:
    """An aware moment as ISO 8601 in UTC, with Z: ``2026-11-23T06:15:00Z``."""
    return moment.astimezone(timezone.utc).isoformat(timespec=timespec).replace("+00:00", "Z")
