"""A terminal that a program can be started in, and the screen that it would show. Knows what rich's live view sends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..waiting import PATIENCE

_PIECE = re.compile(r"\x1b\[\??[\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+")
COLUMNS, LINES = 110, 50


class Terminal:
    """``raw`` is all that was written to it."""

    def __init__(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._attributes = termios.tcgetattr(self._slave)
        self.raw = ""
        self.process = subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=cwd,
            env=dict(environment),
            start_new_session=True,
        )

    def wait_until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, self.text()
            has_ended = self.process.poll() is not None
            assert self._read(0.1) or not has_ended, self.text()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit code; all it wrote is read."""
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            self._read(0.1)
        self.process.wait(PATIENCE)
        while self._read(0.1):
            pass
        return self.process.returncode

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    @property
    def is_as_before(self) -> bool:
        """Its modes are untouched, its cursor is visible and at the start of a line."""
        hides = self.raw.rfind("\x1b[?25l")
        return (
            bool(termios.tcgetattr(self._slave) == self._attributes)
            and self.raw.rfind("\x1b[?25h") >= hides
            and self.screen()[-1] == ""
        )

    def screen(self) -> list[str]:
        """The lines as they stand, those that scrolled away included."""
        lines, row, column = [""], 0, 0
        for piece in _PIECE.findall(self.raw):
            if piece == "\r":
                column = 0
            elif piece == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif piece.startswith("\x1b"):
                if piece.endswith("A"):
                    row -= int(piece[2:-1] or 1)
                elif piece == "\x1b[2K":
                    lines[row] = ""
            else:
                lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece) :]
                column += len(piece)
        return [line.rstrip() for line in lines]

    @property
    def written(self) -> str:
        """All that ever stood there, also what was written over since."""
        return "".join(piece for piece in _PIECE.findall(self.raw) if not piece.startswith("\x1b"))

    def text(self) -> str:
        return "\n".join(self.screen())

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        self.raw += os.read(self._master, 65536).decode(errors="replace")
        return True

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._slave)
        os.close(self._master)


@contextmanager
def terminal(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], **environment: Any) -> Iterator[Terminal]:
    unwanted = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    given = {name: value for name, value in env.items() if name not in unwanted}
    opened = Terminal(command, cwd, {**given, "TERM": "xterm-256color", **environment})
    try:
        yield opened
    finally:
        opened.close()
