"""What is told of a server that cannot be made, from what initdb of PostgreSQL 18 said on full and broken disks."""

from __future__ import annotations

import pytest

from n8n_scraper.store.embedded_start import _telling

FULL = """\
2026-11-23 09:37:38.866 UTC [31240] FATAL:  could not write to file "pg_wal/xlogtemp.31240": No space left on device
child process exited with exit code 1
initdb: removing contents of data directory "/d/data.new-18pdsy6f"
"""
FULL_EARLY = """\
initdb: error: could not create directory "/d/data.new-1/pg_wal": No space left on device
initdb: removing contents of data directory "/d/data.new-1"
"""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (FULL, FULL.splitlines()[0]),
        (FULL_EARLY, FULL_EARLY.splitlines()[0]),
        ("first\nlast\n", "last"),
        ("", "it said nothing"),
    ],
)
def test_the_line_that_says_why_is_told(said: str, told: str) -> None:
    assert _telling(said.splitlines()) == told
