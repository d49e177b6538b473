"""The processes of a worker's tasks: started, ended together, waited for."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from n8n_scraper.printable import printable

TAIL = 4_000
"""Bytes of what an export said last that are kept."""


class Ended(NamedTuple):
    """How a process ended: its exit code, negative after a signal, and the last line of an export's errors."""

    exit_code: int
    said: str = ""


class Children:
    """``settings`` are given to each with ``-s``, ``secrets`` through its environment."""

    def __init__(self, settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self._options = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
        self._environment = {**os.environ, **secrets}
        self._running: set[asyncio.subprocess.Process] = set()
        self._has_ended = False

    async def run(self, words: Sequence[str]) -> Ended:
        """Run a command of Scrapy to its end.

        The errors of an export pass through us, which tells why it failed. A crawl writes more, has a close reason, and
        must not wait for a worker that is frozen: it has our own standard error.
        """
        if self._has_ended:
            return Ended(-signal.SIGTERM)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "n8n_scraper.work.child", *words, *self._options),
            stdin=asyncio.subprocess.PIPE,  # nothing is written: it closes when we end
            stderr=asyncio.subprocess.PIPE if words[0] == "export" else None,
            env=self._environment,
            start_new_session=True,  # Ctrl-C is for the worker, which tells its children
        )
        self._running.add(process)
        try:
            said = await _pass_on(process.stderr) if process.stderr else ""
            return Ended(await process.wait(), said)
        finally:
            self._running.discard(process)
            if process.stdin is not None:
                process.stdin.close()

    def stop(self) -> None:
        """End all in order, and begin no more; each call is one more signal to those that run."""
        self._has_ended = True
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End those that run, and nothing else."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for process in self._running:
            if process.returncode is None:
                process.send_signal(number)


async def _pass_on(errors: asyncio.StreamReader) -> str:
    """Copy to our own standard error, to the end; the last line."""
    tail = b""
    while chunk := await errors.read(TAIL):
        sys.stderr.write(chunk.decode(errors="replace"))
        tail = (tail + chunk)[-TAIL:]
    return last_line(tail.decode(errors="replace"))


def last_line(text: str) -> str:
    """The last line that says something, without the name that our commands put before it."""
    lines = text.strip().splitlines()
    return printable(lines[-1].strip().removeprefix("n8n_scraper: ")) if lines else ""
