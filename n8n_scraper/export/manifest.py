"""``manifest.json``: what the files of an export folder hold and which bytes they are. Written last."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

FILE_NAME = "manifest.json"


class ManifestError(Exception):
    """There is no manifest, or it is not one of ours; the message says which."""


@dataclass(frozen=True, kw_only=True)
class ExportedFile:
    bytes: int
    sha256: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """``files`` is by file name, ``repaired`` counts by column the values that had to be changed to be written."""

    schema_version: int
    generator: str
    site: str
    run_id: str | None
    created_at: str
    store_fingerprint: str
    columns: list[str]
    filters: dict[str, Any]
    include_paid: bool
    csv_defuse_formulas: bool
    rows: int
    rows_by_status: dict[str, int]
    repaired: dict[str, int] = field(default_factory=dict)
    files: dict[str, ExportedFile] = field(default_factory=dict)

    def text(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def says_the_same(self, other: Manifest) -> bool:
        """Made from the same rows in the same way, whenever and for whichever run."""
        return (
            replace(other, run_id=self.run_id, created_at=self.created_at, repaired=self.repaired, files=self.files)
            == self
        )

    def is_in_place(self, folder: Path) -> bool:
        """Whether the files look untouched: of their size, and none younger than the manifest. Reads no content."""
        try:
            written_at = (folder / FILE_NAME).stat().st_mtime_ns
            stats = [((folder / name).stat(), entry) for name, entry in self.files.items()]
        except OSError:
            return False
        return all(stat.st_size == entry.bytes and stat.st_mtime_ns <= written_at for stat, entry in stats)


def read_manifest(folder: Path) -> Manifest:
    """Raises:
    ManifestError: no manifest, or one that is not ours.
    """
    try:
        content = json.loads((folder / FILE_NAME).read_bytes())
        files = {Path(name).name: ExportedFile(**entry) for name, entry in content.pop("files").items()}
        return Manifest(**content, files=files)
    except FileNotFoundError:
        raise ManifestError(f"there is no {FILE_NAME} in {folder}") from None
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ManifestError(f"{folder / FILE_NAME} cannot be read: {error!r}") from None
