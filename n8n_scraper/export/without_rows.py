"""Files of rows written again without some of them. What is no file of ours is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from n8n_scraper.export.aside import AsideFile
from n8n_scraper.export.format import Ids, load_format
from n8n_scraper.export.format_names import FORMATS


class Rewritten(NamedTuple):
    bytes: int
    sha256: str
    removed: int
    """Rows that are gone; with 0 the file was left as it was."""


def remove_rows(path: Path, ids: Ids) -> Rewritten | None:
    """Rewrite a file aside and give it its name; None where it is not a file of ours.

    Raises:
        OSError: it cannot be read or written; it is as it was.
    """
    if (name := path.suffix[1:]) not in FORMATS:
        return None
    file = AsideFile(path)
    try:
        removed = load_format(name).without(path, file, ids)
        if removed:
            file.publish()
    finally:
        if not file.closed:
            file.discard()
    return None if removed is None else Rewritten(file.size, file.sha256, removed)
