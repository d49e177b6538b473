"""What a task's process says is passed on, and its last line kept."""

from __future__ import annotations

import asyncio

import pytest

from n8n_scraper.work.children import Children, last_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("\n \n", ""),
        ("first\nn8n_scraper: The disk is full.\n\n", "The disk is full."),
        ("Traceback …\nOSError: [Errno 28] No space left on device\n", "OSError: [Errno 28] No space left on device"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
    ],
)
def test_last_line(text: str, line: str) -> None:
    assert last_line(text) == line


def test_an_export_that_fails_tells_why(capsys: pytest.CaptureFixture[str]) -> None:
    ended = asyncio.run(Children({}, {}).run(["export", "--nonsense"]))
    assert ended.exit_code != 0
    assert "--nonsense" in ended.said
    assert ended.said in capsys.readouterr().err
