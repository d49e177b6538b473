"""The store as files: all formats in one pass, aside, renamed together; the manifest last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from n8n_scraper import __version__
from n8n_scraper.exceptions import StartError
from n8n_scraper.export import card, manifest
from n8n_scraper.export.aside import locked, remove_leftovers
from n8n_scraper.export.file_set import FileSet
from n8n_scraper.export.format import how_to_read
from n8n_scraper.export.format_names import FORMATS, file_name
from n8n_scraper.export.layout import Layout
from n8n_scraper.export.manifest import Manifest, ManifestError, read_manifest
from n8n_scraper.export.selection import Selection
from n8n_scraper.export.store_rows import StoreRows, Summary, reading
from n8n_scraper.iso_time import iso
from n8n_scraper.items import COLUMN_NAMES, SCHEMA_VERSION
from n8n_scraper.run_id import RUNS

LOCK_NAME = ".export.lock"
Progress = Callable[[int, int], None]
"""Called with rows written and rows in all, after each chunk."""


class Snapshot(NamedTuple):
    manifest: Manifest
    is_new: bool
    """False: the folder already said the same, and nothing was written."""


def write_snapshot(
    dsn: str,
    folder: Path,
    *,
    selection: Selection | None = None,
    formats: Collection[str] = FORMATS.keys(),
    csv_defuse: bool = True,
    run_id: str | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Write ``workflows.*``, README.md and manifest.json into ``folder``, which is made when missing.

    Without a selection: everything. Formats that the folder has already are renewed with those asked for, so that its
    files always agree. Where nothing changed since, nothing is written. Exports into one folder wait for each other.

    Raises:
        StartError: the store cannot be reached, or the folder holds something that must not be replaced.
        OSError: a file cannot be written (a full disk): the former files stay, the temporary ones are gone.
        psycopg2.Error: the store went away: likewise.
    """
    selection = selection or Selection()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK_NAME), reading(dsn) as store:
        former = _former(folder, selection)
        names = _names(formats, former, folder)
        summary = store.summary(selection)
        new = _manifest(selection, summary, csv_defuse=csv_defuse, run_id=run_id)
        if former and former.says_the_same(new) and set(former.files) == set(names) and former.is_in_place(folder):
            return Snapshot(former, is_new=False)
        _remove_leftovers_of_feeds(folder)
        return Snapshot(_write(store, folder, names, selection, new, progress), is_new=True)


def _remove_leftovers_of_feeds(folder: Path) -> None:
    """A run that was killed left its feeds in its own folder, where no later run writes."""
    for run in folder.glob(f"{RUNS}/*"):
        for format_ in FORMATS:
            remove_leftovers(run / file_name(format_))


def _former(folder: Path, selection: Selection) -> Manifest | None:
    if not card.is_ours(folder):
        raise StartError(f"{folder / card.FILE_NAME} is not of an export: choose another folder, it would be replaced.")
    try:
        former = read_manifest(folder)
    except ManifestError:
        return None
    is_whole = not former.filters and former.columns == list(COLUMN_NAMES)
    if is_whole and not selection.is_everything:
        raise StartError(f"{folder} holds a whole snapshot, which a part must not replace: choose another with -o.")
    return former


def _names(formats: Collection[str], former: Manifest | None, folder: Path) -> dict[str, str]:
    """File name → format."""
    names = {file_name(format_): format_ for format_ in FORMATS}
    kept = {name for name in former.files if (folder / name).exists()} if former else set()
    return {name: format_ for name, format_ in names.items() if format_ in formats or name in kept}


def _manifest(selection: Selection, summary: Summary, *, csv_defuse: bool, run_id: str | None) -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
        generator=f"n8n_scraper {__version__}",
        site=summary.site,
        run_id=run_id or summary.last_run_id,
        created_at=iso(datetime.now(timezone.utc), "seconds"),
        store_fingerprint=summary.fingerprint,
        columns=[column.name for column in selection.columns],
        filters=selection.filters(),
        include_paid=selection.include_paid,
        csv_defuse_formulas=csv_defuse,
        rows=sum(summary.rows_by_status.values()),
        rows_by_status=summary.rows_by_status,
    )


def _write(
    store: StoreRows,
    folder: Path,
    names: dict[str, str],
    selection: Selection,
    promised: Manifest,
    progress: Progress | None,
) -> Manifest:
    """Write what ``promised`` announces; it comes back with the files in it."""
    repaired = Counter[str]()
    with FileSet(folder, names, Layout(selection.columns), defuse=promised.csv_defuse_formulas) as files:
        for rows in store.chunks(selection, lambda column: repaired.update([column])):
            files.write(rows)
            if progress:
                progress(files.rows, promised.rows)
        written = replace(promised, rows=files.rows, repaired=dict(repaired), files=files.finish())
        files.add(card.FILE_NAME, card.text(written, how_to_read))
        files.add(manifest.FILE_NAME, written.text())
        files.publish()
    return written
