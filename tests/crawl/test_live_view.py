"""The live view of a real crawl in a real terminal."""

from __future__ import annotations

import re
import subprocess

from n8n_scraper.replica.process import RunningReplica

from ..waiting import PATIENCE
from .conftest import Crawler
from .pseudo_terminal import Terminal, terminal

IDS = "ids=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
LABELS = ("workflows", "outcomes", "rate", "waits", "retries", "breaker", "quality", "checkpoint")
COLOUR = re.compile(r"\x1b\[[\d;]*3[0-9]")


def views(opened: Terminal) -> list[tuple[str, ...]]:
    """Labels of the views on the screen, in the order they stand there."""
    labels = [line.split()[0] for line in opened.screen() if line.split() and line.split()[0] in LABELS]
    return [tuple(labels[at : at + len(LABELS)]) for at in range(0, len(labels), len(LABELS))]


def test_one_view_at_the_bottom_and_the_log_above_it(crawl: Crawler, library: RunningReplica) -> None:
    command = crawl.command(library, IDS, N8N_SCRAPER_REQUESTS_PER_SECOND=3)  # five seconds, to be looked at
    with terminal(command, **crawl.place) as opened:
        opened.wait_until(lambda: "about 0:00:" in opened.written and views(opened) == [LABELS])
        opened.wait_until(lambda: re.search(r"checkpoint +\d+ at ", opened.written) is not None)
        assert opened.wait() == 0
        assert views(opened) == [LABELS], "drawn again in its place"
        text = opened.text()
        assert text.index("Plan: 15 workflows") < text.index("ended: finished, after")
        assert "15 of 15 · 0 remaining" in text
        assert re.search(r"requests/s now · 3 in force · 3 promised", text)
        assert re.search(r"quality +mean \d", text)
        assert "DEBUG" not in text
        assert "of 15 workflows: complete" not in text, "the view says it"
        assert COLOUR.search(opened.raw)
        assert opened.is_as_before


def test_two_signals_leave_the_terminal_as_it_was(crawl: Crawler, library: RunningReplica) -> None:
    command = crawl.command(library, N8N_SCRAPER_REQUESTS_PER_SECOND=6)
    with terminal(command, **crawl.place) as opened:
        opened.wait_until(
            lambda: "remaining" in opened.written and re.search(r"[1-9]\d* of ", opened.written) is not None
        )
        opened.interrupt()
        opened.wait_until(lambda: "shutting down gracefully" in opened.text())
        opened.interrupt()
        assert opened.wait() == 1
        assert "forcing unclean shutdown" in opened.text()
        assert views(opened) == [LABELS]
        assert opened.is_as_before


def test_one_signal_says_how_it_ended_and_no_colour_is_no_colour(crawl: Crawler, library: RunningReplica) -> None:
    log = crawl.folder.parent / "crawl.log"
    command = crawl.command(library, N8N_SCRAPER_REQUESTS_PER_SECOND=6, LOG_FILE=log)
    with terminal(command, **crawl.place, NO_COLOR="1") as opened:
        opened.wait_until(lambda: re.search(r"[1-9]\d* of \d+ · ", opened.written) is not None)
        opened.interrupt()
        assert opened.wait() == 0
        assert "ended: shutdown, after" in opened.text()
        assert not COLOUR.search(opened.raw)
        assert opened.is_as_before
    assert re.search(r"\d+ of \d+ workflows: complete", log.read_text()), "a file has lines"


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(crawl: Crawler, library: RunningReplica) -> None:
    with terminal(crawl.command(library, IDS), **crawl.place, TERM="dumb") as opened:
        assert opened.wait() == 0
        assert "15 of 15 workflows: complete" in opened.text()
        assert "\x1b" not in opened.raw


def test_a_pipe_gets_lines_whatever_the_environment_says(crawl: Crawler, library: RunningReplica) -> None:
    place = crawl.place
    place["env"] |= {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "1"}
    done = subprocess.run(
        crawl.command(library, IDS), capture_output=True, text=True, timeout=PATIENCE, check=True, **place
    )
    assert "15 of 15 workflows: complete" in done.stderr
    assert "\x1b" not in done.stderr
