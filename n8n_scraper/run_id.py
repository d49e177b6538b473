"""Names of runs, and of their folders. Pure."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

RUNS = "runs"
"""Folder of EXPORT_DIR that has those of the runs."""


def new_run_id(now: datetime) -> str:
    """Like ``20261123T061500Z-3f2a``; ``now`` is in UTC. Sortable by time, unique enough for folders."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def run_folder(export_dir: Path, run_id: str) -> Path:
    """Where a run's feeds, stats and reports are."""
    return export_dir / RUNS / run_id
