from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from n8n_scraper.export.aside import AsideFile, locked, write_aside

WRITE_AND_WAIT = """
import sys, time
from pathlib import Path
from n8n_scraper.export.aside import AsideFile
file = AsideFile(Path(sys.argv[1]))
file.write(b"half")
file.flush()
print("written", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file.json"
    path.write_text("former")
    return path


def names(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


def test_the_name_changes_hands_when_published(path: Path) -> None:
    file = AsideFile(path)
    file.write(b"new")
    file.sync()
    assert path.read_text() == "former"
    file.publish()
    assert path.read_text() == "new"
    assert (file.size, file.sha256) == (3, hashlib.sha256(b"new").hexdigest())
    file.discard()
    assert path.read_text() == "new"
    assert names(path) == ["file.json"]


def test_what_is_discarded_leaves_nothing(path: Path) -> None:
    file = AsideFile(path)
    file.write(b"new")
    file.discard()
    assert path.read_text() == "former"
    assert names(path) == ["file.json"]


def test_a_link_stays_a_link(path: Path) -> None:
    link = path.parent / "link.json"
    link.symlink_to(path)
    write_aside(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"


def test_files_are_readable_as_usual(path: Path) -> None:
    plain = path.parent / "plain"
    plain.write_text("")
    write_aside(path, "new")
    assert path.stat().st_mode == plain.stat().st_mode


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITE_AND_WAIT, path], stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        unlike_ours = path.parent / "file.json.backup01.tmp"
        unlike_ours.write_text("")
        write_aside(path, "new")
        assert len(names(path)) == 3
        other.send_signal(signal.SIGKILL)
    assert len(names(path)) == 3
    assert path.read_text() == "new"
    write_aside(path, "newer")
    assert names(path) == ["file.json", "file.json.backup01.tmp"]


def test_a_lock_waits_for_its_holder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lock = tmp_path / "lock"
    hold = "import sys, time; from pathlib import Path; from n8n_scraper.export.aside import locked\n"
    hold += "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(0.5)"
    with subprocess.Popen([sys.executable, "-c", hold, lock], stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        started = time.monotonic()
        with locked(lock):
            assert time.monotonic() - started > 0.3
    assert caplog.messages == [f"Another export writes into {tmp_path}, waiting for it to end"]
