"""Names of runs: sortable by time, unique enough for folders. Pure."""

from __future__ import annotations

import secrets
from datetime import datetime


def new_run_id(now: datetime) -> str:
    """Like ``20261123T061500Z-3f2a``; ``now`` is in UTC."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
