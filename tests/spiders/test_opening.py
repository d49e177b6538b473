from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from n8n_scraper.arguments import Arguments
from n8n_scraper.exceptions import StartError
from n8n_scraper.export.manifest import FILE_NAME, Manifest
from n8n_scraper.spiders.opening import check_export_dir, take_job

REAL, STAND_IN = "https://n8n.io", "http://127.0.0.1:8000"


def write_manifest(folder: Path, site: str) -> None:
    keys = dict.fromkeys(Manifest.__dataclass_fields__) | {"site": site, "files": {}}
    (folder / FILE_NAME).write_text(json.dumps(keys))


def test_a_stand_in_never_replaces_the_rows_of_the_real_site(tmp_path: Path) -> None:
    write_manifest(tmp_path, REAL)
    with pytest.raises(StartError, match=f"it has the snapshot of {REAL}, which made-up rows"):
        check_export_dir(str(tmp_path), STAND_IN)
    check_export_dir(str(tmp_path), REAL)


@pytest.mark.parametrize("site", [REAL, "http://127.0.0.1:9999"])
def test_the_rows_of_a_stand_in_are_replaced_by_any(tmp_path: Path, site: str) -> None:
    write_manifest(tmp_path, STAND_IN)
    check_export_dir(str(tmp_path), site)


@pytest.mark.parametrize(
    ("folder", "said"),
    [("file", "it is a file; give a folder"), ("file/in", "it cannot be made"), ("/proc/nowhere", "it cannot be made")],
)
def test_a_jobdir_that_cannot_be_is_told_before_the_job_is_taken(tmp_path: Path, folder: str, said: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=said):
        take_job(cast("Any", None), Arguments(), str(tmp_path / folder))
