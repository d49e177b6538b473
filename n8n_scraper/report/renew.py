"""Reports of former runs, written again from what the store has now."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from psycopg2.extensions import cursor as Cursor

from n8n_scraper.report.run_report import run_report
from n8n_scraper.report.write import write_report
from n8n_scraper.run_id import RUNS
from n8n_scraper.store import runs


def renew_reports(cursor: Cursor, export_dir: Path, ids: Collection[int]) -> list[Path]:
    """Renew those that name one of these workflows, which the store has no more; returns the files changed.

    Comparisons, and reports of runs that the store does not know, are removed: the former can be made again.

    Raises:
        OSError: a file cannot be read or written.
    """
    changed: list[Path] = []
    for file in sorted([*export_dir.glob(f"{RUNS}/*/report.json"), *export_dir.glob(f"{RUNS}/*/compare-*.json")]):
        if not _names(_read(file), frozenset(ids)):
            continue
        run = runs.read(cursor, file.parent.name) if file.stem == "report" else None
        changed += write_report(run_report(run), file.parent) if run else _removed(file)
    return changed


def _removed(file: Path) -> list[Path]:
    files = [file.with_name(f"{file.stem}.{suffix}") for suffix in ("html", "md", "json")]
    for written in files:
        written.unlink(missing_ok=True)
    return files


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError:  # not written by us
        return None


def _names(value: Any, ids: frozenset[int]) -> bool:
    """Whether a row or a list of ids in a report names any of them."""
    if isinstance(value, dict):
        listed = value.get("ids")
        named = [value.get("id"), *(listed if isinstance(listed, list) else ())]
        return any(str(name) == str(id) for name in named for id in ids) or _names(list(value.values()), ids)
    return isinstance(value, list) and any(_names(member, ids) for member in value)
