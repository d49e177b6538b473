"""A disk that fills up under a running crawl. The disk is a small tmpfs, which only root may mount."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import psycopg2
import pytest

from n8n_scraper.export.check import check_folder
from n8n_scraper.export.manifest import read_manifest
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.scale.moments import at_rows
from n8n_scraper.scale.trial import Trial

from ..waiting import PATIENCE

COUNT = 100
SIZE = 200 << 20


class Disk(NamedTuple):
    folder: Path

    def fill(self) -> None:
        with (self.folder / "filler").open("wb") as file:
            free = os.statvfs(self.folder)
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)

    def free(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture(scope="module")
def site() -> Iterator[RunningReplica]:
    with running_replica(count=COUNT, latency="0.02-0.06", icons=0) as replica:
        yield replica


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Where the account that root runs the server as can go: elsewhere the store would be put on another disk."""
    folder = Path(tempfile.mkdtemp(prefix="n8n_scraper-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0711", "tmpfs", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("a small disk cannot be mounted here: that takes root")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("where", ["store", "exports", "both"])
def test_a_full_disk_ends_the_crawl_and_leaves_valid_files(
    where: str, site: RunningReplica, disk: Disk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    home = elsewhere if where == "exports" else disk.folder
    exports = (elsewhere if where == "store" else disk.folder) / "exports"
    settings = {"N8N_SCRAPER_REQUESTS_PER_SECOND": 25, "N8N_SCRAPER_EXPORT_DIR": exports}
    with closing(Trial(home, site, {**settings, "JOBDIR": elsewhere / "first"})) as first:
        assert first.start("limit=10").wait(PATIENCE) == 0, first.log.read_text()
        former = files(exports)
        second = Trial(home, site, {**settings, "JOBDIR": elsewhere / "second"})
        crawl = second.start("refresh=all")
        assert at_rows(40).wait(second, crawl, time.monotonic()), second.log.read_text()
        disk.fill()
        if where == "store":  # what is left of the log's present segment would do for all these rows
            with suppress(psycopg2.Error):
                second.rows("select pg_switch_wal()")
        assert crawl.wait(PATIENCE) == 3, second.log.read_text()
        said = second.log.read_text()
        assert "disk_full" in said
        assert files(exports) == former
        assert list(check_folder(exports)) == []
        disk.free()
        last = {"close_reason": "disk_full", "exit_code": 3}
        assert where != "exports" or last in second.rows("select close_reason, exit_code from runs")
        assert second.start("refresh=all").wait(PATIENCE) == 0, second.log.read_text()
        assert second.rows("select count(*) from observed where crawl_status = 'complete'") == [{"count": COUNT}]
        assert read_manifest(exports).rows == COUNT
        assert list(check_folder(exports)) == []
        assert not list(exports.rglob("*.tmp"))


def test_a_start_on_a_full_disk_is_refused_as_resumable(
    site: RunningReplica, disk: Disk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"JOBDIR": tmp_path_factory.mktemp("elsewhere") / "job", "N8N_SCRAPER_REQUESTS_PER_SECOND": 0}
    with closing(Trial(disk.folder, site, settings)) as trial:
        assert trial.start("limit=3").wait(PATIENCE) == 0, trial.log.read_text()
        disk.fill()
        again = Trial(disk.folder, site, {**settings, "JOBDIR": tmp_path_factory.mktemp("elsewhere") / "another"})
        assert again.start("limit=3", "refresh=all").wait(PATIENCE) == 3, again.log.read_text()
        assert "o space left" in again.log.read_text()
        disk.free()
        assert again.start("limit=3", "refresh=all").wait(PATIENCE) == 0, again.log.read_text()
