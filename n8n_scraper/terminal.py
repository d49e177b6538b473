"""The terminal of a crawl: one console on stderr, the live view at its bottom, logs that scroll above it.

Where stderr is no terminal, or one that cannot move its cursor (TERM=dumb), there is no live view: :func:`open_live`
gives None, and who asks writes lines instead. NO_COLOR takes the colours away and leaves the view.
"""

from __future__ import annotations

import atexit
import logging
import sys

from rich.console import Console, RenderableType
from rich.highlighter import NullHighlighter
from rich.live import Live
from rich.logging import RichHandler
from rich.text import Text
from scrapy.utils.log import get_scrapy_root_handler


class LiveTerminal:
    """A live view while it is open; afterwards its last state stays, and the terminal is as it was."""

    def __init__(self, console: Console) -> None:
        # What is printed goes above the view only where it would go into it: a redirected stdout stays what it is.
        self._live = Live(Text(""), console=console, auto_refresh=False, redirect_stdout=sys.stdout.isatty())
        self._handlers = _Handlers(console)
        self.takes_log = self._handlers.take()
        """Log lines go to this terminal; else to a file, or nowhere."""
        self._live.start()
        console.show_cursor(True)  # rich hides it, and nobody would bring it back after a kill -9
        atexit.register(self.close)  # a second signal ends Scrapy without its signals

    def show(self, what: RenderableType) -> None:
        self._live.update(what, refresh=True)

    def close(self) -> None:
        """Without effect the second time."""
        atexit.unregister(self.close)
        self._live.stop()
        self._handlers.give_back()


class _Handlers:
    """Scrapy's handler on stderr would write into the view: one of rich takes its place, at the same level."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._former: logging.Handler | None = None
        self._ours: logging.Handler | None = None

    def take(self) -> bool:
        former = get_scrapy_root_handler()
        if type(former) is not logging.StreamHandler or former not in logging.root.handlers:
            return False
        ours = RichHandler(
            former.level,  # without it, every DEBUG line of every library would scroll by
            self._console,
            show_path=False,
            highlighter=NullHighlighter(),
            markup=False,
            log_time_format="%H:%M:%S",
            omit_repeated_times=False,
        )
        ours.setFormatter(logging.Formatter("%(message)s"))
        for log_filter in former.filters:
            ours.addFilter(log_filter)
        self._former, self._ours = former, ours
        logging.root.removeHandler(former)
        logging.root.addHandler(ours)
        return True

    def give_back(self) -> None:
        if self._former and self._ours:
            logging.root.removeHandler(self._ours)
            logging.root.addHandler(self._former)
            self._former = self._ours = None


def open_live() -> LiveTerminal | None:
    """A live view on stderr; None where lines have to do. Whatever the environment says, a pipe is no terminal."""
    console = Console(stderr=True)
    if not sys.stderr.isatty() or not console.is_interactive:
        return None
    return LiveTerminal(console)
