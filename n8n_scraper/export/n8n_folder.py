"""A folder of workflow files that n8n imports, one a template, and the index that says what each is.

``n8n import:workflow --separate --input=DIR`` takes every ``*.json`` of a folder, so the index is ``index.jsonl``.
Each file is written aside and renamed, and one that says the same already is not touched: so an export that was killed,
or a machine that crashed under it, is mended by the next one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.export.aside import locked, write_aside
from n8n_scraper.export.n8n_workflow import Template, file_name, importable, version_id
from n8n_scraper.export.selection import Selection, choose_columns
from n8n_scraper.export.snapshot import LOCK_NAME, Progress
from n8n_scraper.export.store_rows import reading

INDEX = "index.jsonl"
_OURS = re.compile(r"(\d+)(?:-[a-z0-9-]+)?\.json")
_LINE = re.compile(rb'\{"id": (\d+),')
_COLUMNS = ("name", "slug", "url", "author_name", "author_username", "is_paid", "content_hash", "workflow")


@dataclass(slots=True)
class Written:
    files: int = 0
    """In the folder now."""
    changed: int = 0
    """Of them, written because they were not there, or not the same."""
    removed: int = 0
    """Of a former export, and not chosen any more."""
    paid: int = 0
    """Left out: not known to be free."""
    without_json: int = 0
    """Left out: the store has no workflow JSON of them."""
    mended: int = 0
    """With something that had to be changed, see the index."""

    def sentence(self) -> str:
        parts = [
            (self.removed, "of a former export removed"),
            (self.paid, "left out, not known to be free"),
            (self.without_json, "left out, without workflow JSON"),
            (self.mended, f"with something mended, see {INDEX}"),
        ]
        more = "".join(f"; {count:,} {what}" for count, what in parts if count)
        return f"{self.files:,} workflow files, {self.changed:,} of them new or changed{more}."


def write_n8n_folder(dsn: str, folder: Path, selection: Selection, progress: Progress | None = None) -> Written:
    """Make the folder hold one file for each template of the selection, and the index.

    Raises:
        StartError: the folder holds something else, or the store cannot be reached.
        OSError: a file cannot be written; those that were are whole.
    """
    _make(folder)
    written = Written()
    with locked(folder / LOCK_NAME), reading(dsn) as store:
        _begin(folder)
        summary = store.summary(selection)
        total = sum(summary.rows_by_status.values())
        index: list[dict[str, Any]] = []
        seen = 0
        for rows in store.chunks(replace(selection, columns=choose_columns(_COLUMNS)), lambda _: None):
            index += _write_rows(folder, rows, summary.site, written, include_paid=selection.include_paid)
            seen += len(rows)
            if progress:
                progress(seen, total)
        _finish(folder, index, written)
    return written


def is_n8n_folder(folder: Path) -> bool:
    return (folder / INDEX).is_file() and (folder / LOCK_NAME).is_file()


def remove_workflows(folder: Path, ids: Iterable[int]) -> list[Path]:
    """Take the files of these templates out of a folder and of its index; the caller holds the folder's lock."""
    gone = frozenset(ids)
    files = [path for path in _files(folder) if _id(path) in gone]
    for path in files:
        path.unlink()
    lines = (folder / INDEX).read_bytes().split(b"\n")
    kept = [line for line in lines if (match := _LINE.match(line)) and int(match[1]) not in gone]
    if len(kept) < len(lines) - 1:
        write_aside(folder / INDEX, b"".join(line + b"\n" for line in kept).decode())
    return files


def _make(folder: Path) -> None:
    """Before there is a lock in it: a folder that is not for us stays as it is."""
    if folder.exists() and not folder.is_dir():
        raise StartError(f"{folder} is a file: choose an empty or a new folder for n8n's files.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"{folder} cannot be made ({error.strerror}): choose another folder for n8n's files."
        ) from None
    _refuse_others(folder)


def _refuse_others(folder: Path) -> None:
    others = sorted(path.name for path in folder.iterdir() if path.name != LOCK_NAME)
    if others and not (folder / INDEX).exists():
        raise StartError(f"{folder} has other files ({others[0]}): choose an empty or a new folder for n8n's files.")


def _begin(folder: Path) -> None:
    """From the first file on the folder is marked as ours, so that an export that was killed can be repeated."""
    _refuse_others(folder)
    if not (folder / INDEX).exists():
        write_aside(folder / INDEX, "")


def _write_rows(
    folder: Path, rows: Iterable[tuple[Any, ...]], site: str, written: Written, *, include_paid: bool
) -> Iterator[dict[str, Any]]:
    for id, name, slug, url, author_name, author_username, is_paid, content_hash, workflow in _in_order(rows):
        if is_paid is not False and not include_paid:
            written.paid += 1
        elif workflow is None:
            written.without_json += 1
        else:
            address = url or f"{site}/workflows/{id}"
            authors = (author_name, author_username)
            template = Template(id, name, slug, address, *authors, content_hash or "", json.loads(workflow))
            yield _write(folder, template, written)


def _in_order(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows have their columns in the order of the contract; here they come as :data:`_COLUMNS` has them."""
    names = [column.name for column in choose_columns(_COLUMNS)]
    places = [names.index(name) for name in ("id", *_COLUMNS)]
    return (tuple(row[place] for place in places) for row in rows)


def _write(folder: Path, template: Template, written: Written) -> dict[str, Any]:
    path = folder / file_name(template.id, template.slug)
    text, mended = importable(template)
    written.files += 1
    written.mended += bool(mended)
    if not _says(path, text):
        _put(path, text)
        written.changed += 1
    return {
        "id": template.id,
        "file": path.name,
        "name": template.name,
        "author_name": template.author_name,
        "author_username": template.author_username,
        "url": template.url,
        "versionId": str(version_id(template.content_hash)),
        "content_hash": template.content_hash,
        "sha256": hashlib.sha256(text).hexdigest(),
        "mended": mended,
    }


def _finish(folder: Path, index: list[dict[str, Any]], written: Written) -> None:
    names = {entry["file"] for entry in index}
    for path in _files(folder):
        if path.name not in names:
            path.unlink()
            written.removed += 1
    write_aside(folder / INDEX, "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in index))


def _put(path: Path, text: bytes) -> None:
    """One file after the other, under the folder's lock: what a killed export left here is replaced by the next."""
    aside = path.with_name(".export.tmp")
    aside.write_bytes(text)
    aside.replace(path)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if _OURS.fullmatch(path.name)]


def _id(path: Path) -> int:
    match = _OURS.fullmatch(path.name)
    return int(match[1]) if match else 0


def _says(path: Path, text: bytes) -> bool:
    try:
        return path.stat().st_size == len(text) and path.read_bytes() == text
    except FileNotFoundError:
        return False
