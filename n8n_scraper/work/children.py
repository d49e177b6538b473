"""The processes of a worker's tasks: started, ended together, waited for."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence


class Children:
    """``settings`` are given to each with ``-s``, ``secrets`` through its environment."""

    def __init__(self, settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self._options = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
        self._environment = {**os.environ, **secrets}
        self._running: set[asyncio.subprocess.Process] = set()
        self._has_ended = False

    async def run(self, words: Sequence[str]) -> int:
        """Run a command of Scrapy to its end; its exit code, negative after a signal."""
        if self._has_ended:
            return -signal.SIGTERM
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "n8n_scraper.work.child", *words, *self._options),
            stdin=asyncio.subprocess.PIPE,  # nothing is written: it closes when we end
            env=self._environment,
            start_new_session=True,  # Ctrl-C is for the worker, which tells its children
        )
        self._running.add(process)
        try:
            return await process.wait()
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
