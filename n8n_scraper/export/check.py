"""``--check``: the files of an export folder against their manifest, and against each other, row by row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from n8n_scraper.export.format import BadFile, Line, load_format, parse
from n8n_scraper.export.format_names import FORMATS, file_name
from n8n_scraper.export.layout import Layout
from n8n_scraper.export.manifest import Manifest, ManifestError, read_manifest
from n8n_scraper.items import COLUMN_NAMES, COLUMNS, SCHEMA_VERSION

NAMES = tuple(map(file_name, FORMATS))
MAX_ROWS_TOLD = 10
"""Differing rows told per file; the rest is counted."""


def check_folder(folder: Path) -> Iterator[str]:
    """Every difference as a sentence that names the file; nothing when all is right. Constant memory."""
    try:
        manifest = read_manifest(folder)
    except ManifestError as error:
        yield f"{error}."
        return
    if manifest.schema_version != SCHEMA_VERSION or not set(manifest.columns) <= set(COLUMN_NAMES):
        yield f"manifest.json is of schema version {manifest.schema_version}, this program knows {SCHEMA_VERSION}."
        return
    yield from _sums(folder, manifest)
    yield from _rows(folder, _present(folder, manifest), manifest)


def check_sums(folder: Path) -> Iterator[str]:
    """The same for names and bytes alone: quick, and blind to nothing that happened to a file after it was written.

    Raises:
        ManifestError: no manifest, or one that is not ours.
    """
    return _sums(folder, read_manifest(folder))


def _sums(folder: Path, manifest: Manifest) -> Iterator[str]:
    yield from _names(folder, manifest)
    for name in _present(folder, manifest):
        yield from _bytes(folder / name, manifest)


def _present(folder: Path, manifest: Manifest) -> list[str]:
    return [name for name in NAMES if name in manifest.files and (folder / name).is_file()]


def _names(folder: Path, manifest: Manifest) -> Iterator[str]:
    for name in manifest.files:
        if name not in NAMES:
            yield f"{name} is in the manifest and no file of an export."
        elif not (folder / name).is_file():
            yield f"{name} is missing."
    for name in NAMES:
        if (folder / name).exists() and name not in manifest.files:
            yield f"{name} is not in the manifest."


def _bytes(path: Path, manifest: Manifest) -> Iterator[str]:
    entry = manifest.files[path.name]
    size = path.stat().st_size
    if size != entry.bytes:
        yield f"{path.name} has {size:,} bytes, the manifest says {entry.bytes:,}."
        return
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != entry.sha256:
        yield f"{path.name} has not the sha256 of the manifest: it was changed after it was written."


def _rows(folder: Path, names: list[str], manifest: Manifest) -> Iterator[str]:
    layout = Layout([column for column in COLUMNS if column.name in manifest.columns])
    files = {name: _File(folder / name, layout, defused=manifest.csv_defuse_formulas) for name in names}
    differences = Counter[str]()
    while ids := [file.line.id for file in files.values() if file.line]:
        for name, difference in _compare(min(ids), files):
            differences[name] += 1
            if differences[name] <= MAX_ROWS_TOLD:
                yield f"{name}: {difference}."
        for file in files.values():
            if file.line and file.line.id == min(ids):
                file.advance()
    yield from (f"{n}: {c - MAX_ROWS_TOLD:,} more rows differ." for n, c in differences.items() if c > MAX_ROWS_TOLD)
    yield from (f"{name}: {file.fault}." for name, file in files.items() if file.fault)
    for name, file in files.items():
        if not file.fault and file.rows != manifest.files[name].rows:
            yield f"{name} has {file.rows:,} rows, the manifest says {manifest.files[name].rows:,}."


def _compare(id: int, files: dict[str, _File]) -> Iterator[tuple[str, str]]:
    """File and what is different about its row ``id``, against the first file that has it."""
    reference, expected = next((name, f.line) for name, f in files.items() if f.line and f.line.id == id)
    for name, file in files.items():
        if file.fault:
            continue
        if file.line is None or file.line.id != id:
            yield name, f"row {id} is missing, {reference} has it"
        elif file.line.text != expected.text:
            columns = ", ".join(_differing(file.line, expected)) or "the spelling"
            yield name, f"row {id} differs from {reference} in {columns}"


def _differing(one: Line, other: Line) -> list[str]:
    row, expected = parse(one.text), parse(other.text)
    return [name for name, value in row.items() if value != expected[name]]


class _File:
    """A file being read: ``line`` is its next row, None at its end or where ``fault`` says why it cannot be read on."""

    def __init__(self, path: Path, layout: Layout, *, defused: bool) -> None:
        self._lines = load_format(path.suffix[1:]).read(path, layout, defused)
        self.line: Line | None = None
        self.fault = ""
        self.rows = 0
        self.advance()

    def advance(self) -> None:
        before, self.line = self.line, None
        try:
            self.line = next(self._lines, None)
        except BadFile as error:
            self.fault = str(error)
        if self.line:
            self.rows += 1
            if before and self.line.id <= before.id:
                self.fault = f"row {self.line.id} comes after row {before.id}"
                self.line = None
