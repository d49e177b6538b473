"""The files of one export, written side by side and published together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from n8n_scraper.export.aside import AsideFile
from n8n_scraper.export.format import Writer, load_format
from n8n_scraper.export.layout import Layout, Row
from n8n_scraper.export.manifest import ExportedFile


class FileSet:
    """A context: what was not published when it ends is gone, and the former files are as they were.

    ``names`` maps file names to formats.
    """

    def __init__(self, folder: Path, names: Mapping[str, str], layout: Layout, *, defuse: bool) -> None:
        self._folder = folder
        self._layout = layout
        self._aside = ExitStack()
        self._files: dict[str, AsideFile] = {}
        self._writers: list[Writer] = []
        self.rows = 0
        with ExitStack() as undo:
            undo.callback(self._aside.close)
            for name, format_ in names.items():
                writer = load_format(format_).writer(self._open(name), layout, defuse=defuse)
                self._aside.callback(writer.abandon)
                self._writers.append(writer)
            undo.pop_all()

    def __enter__(self) -> FileSet:
        return self

    def __exit__(self, *exception: object) -> None:
        self._aside.close()

    def write(self, rows: Sequence[Row]) -> None:
        chunk = self._layout.chunk(rows)
        for writer in self._writers:
            writer.write(chunk)
        self.rows += len(rows)

    def finish(self) -> dict[str, ExportedFile]:
        """Make the files of rows whole, still under their temporary names."""
        for writer in self._writers:
            writer.close()
        return {name: ExportedFile(bytes=f.size, sha256=f.sha256, rows=self.rows) for name, f in self._files.items()}

    def add(self, name: str, text: str) -> None:
        """One more file, of text."""
        self._open(name).write(text.encode())

    def publish(self) -> None:
        """Sync all, then give all their names, in the order they were opened."""
        for file in self._files.values():
            file.sync()
        for file in self._files.values():
            file.publish()

    def _open(self, name: str) -> AsideFile:
        file = AsideFile(self._folder / name)
        self._aside.callback(file.discard)
        self._files[name] = file
        return file
