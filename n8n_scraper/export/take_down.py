"""Workflows taken out of all export files below a folder: feeds of runs, filtered exports, files for n8n.

The snapshot in the folder itself is not touched: it is written anew from the store.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from n8n_scraper.export import card, manifest, videos
from n8n_scraper.export.aside import locked, remove_leftovers, write_aside
from n8n_scraper.export.format import BadFile, Ids, how_to_read, load_format, parse
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.layout import Layout
from n8n_scraper.export.manifest import ExportedFile, Manifest, ManifestError, read_manifest
from n8n_scraper.export.n8n_folder import is_n8n_folder, remove_workflows
from n8n_scraper.export.snapshot import LOCK_NAME
from n8n_scraper.export.without_rows import Rewritten, remove_rows
from n8n_scraper.items import COLUMNS

_TEMPORARY = ".tmp"
_RANDOM = len(".12345678.tmp")


@dataclass(slots=True)
class TakenDown:
    changed: list[Path] = field(default_factory=list)
    """Files written again, or removed."""
    failed: list[str] = field(default_factory=list)
    """Files that may still hold them, and why."""


def take_down(root: Path, ids: Ids, *, snapshot_too: bool = False, without: tuple[str, ...] = ("demo",)) -> TakenDown:
    """Take workflows out of all files of rows below ``root``; once more does no harm.

    ``without`` are folders in it that belong to another store. Exports that write there now are waited for.
    """
    done = TakenDown()
    for place, folders, found in os.walk(root):
        folder = Path(place)
        if folder == root:
            folders[:] = [name for name in folders if name not in without]
        with _held(folder, found):
            names = [entry.name for entry in folder.iterdir() if entry.is_file()]  # as they are after the wait
            _remove_leftovers(folder, names)
            _clean(folder, names, ids, done, spared=folder == root and not snapshot_too)
    return done


def take_out_of(files: Iterable[Path], ids: Ids) -> TakenDown:
    """The same for single files."""
    done = TakenDown()
    _rewrite(files, ids, done)
    return done


def remove_images(data_dir: Path, paths: Iterable[str]) -> list[str]:
    """Remove downloaded files below DATA_DIR; returns those that could not be removed, and why."""
    failed = []
    for path in paths:
        file = (data_dir / path).resolve()
        if file.is_relative_to((data_dir / "media").resolve()):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                failed.append(f"{file}: {error.strerror}")
    return failed


def _held(folder: Path, names: list[str]) -> AbstractContextManager[None]:
    return locked(folder / LOCK_NAME) if LOCK_NAME in names else nullcontext()


def _remove_leftovers(folder: Path, names: list[str]) -> None:
    """Of writers that were killed."""
    for name in names:
        if name.endswith(_TEMPORARY):
            remove_leftovers(folder / name[:-_RANDOM])


def _clean(folder: Path, names: list[str], ids: Ids, done: TakenDown, *, spared: bool) -> None:
    if is_n8n_folder(folder):
        done.changed += remove_workflows(folder, ids)
        return
    done.changed += _remove_videos(folder, names, ids)
    described = _manifest(folder)
    snapshot = set(described.files) if described and spared else set()
    rewritten = _rewrite((folder / name for name in sorted(set(names) - snapshot)), ids, done)
    if described and not snapshot and rewritten:
        _describe_again(folder, described, rewritten)


def _remove_videos(folder: Path, names: list[str], ids: Ids) -> list[Path]:
    """Files of videos that name one of the workflows: scrapy export --videos writes them again."""
    named = [folder / name for name in names if videos.names_any(folder / name, ids)]
    for file in named:
        file.unlink()
    return named


def _manifest(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except ManifestError:
        return None


def _rewrite(files: Iterable[Path], ids: Ids, done: TakenDown) -> dict[Path, Rewritten]:
    rewritten = {}
    for path in files:
        if path.suffix[1:] not in FORMATS or not path.is_file():
            continue
        try:
            file = remove_rows(path, ids)
        except OSError as error:
            done.failed.append(f"{path}: {error.strerror}")
            continue
        if file and file.removed:
            rewritten[path] = file
    done.changed += rewritten
    return rewritten


def _describe_again(folder: Path, former: Manifest, rewritten: dict[Path, Rewritten]) -> None:
    files = dict(former.files)
    for path, file in rewritten.items():
        if (name := path.name) in files:
            files[name] = ExportedFile(bytes=file.bytes, sha256=file.sha256, rows=files[name].rows - file.removed)
    rows = min((file.rows for file in files.values()), default=former.rows)
    new = replace(former, files=files, rows=rows, rows_by_status=_statuses(folder, former))
    write_aside(folder / card.FILE_NAME, card.text(new, how_to_read))
    write_aside(folder / manifest.FILE_NAME, new.text())


def _statuses(folder: Path, former: Manifest) -> dict[str, int]:
    """Counted anew; nothing where the file does not tell."""
    name = next((name for name in former.files if (folder / name).is_file()), None)
    if name is None or "crawl_status" not in former.columns:
        return {}
    layout = Layout([column for column in COLUMNS if column.name in former.columns])
    lines = load_format(Path(name).suffix[1:]).read(folder / name, layout, former.csv_defuse_formulas)
    try:
        return dict(sorted(Counter(parse(line.text)["crawl_status"] for line in lines).items()))
    except BadFile:  # scrapy export --check tells what is wrong with it
        return {}
