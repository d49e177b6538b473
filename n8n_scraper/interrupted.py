"""A Ctrl-C where nobody waits for one (while modules are imported, say) is one sentence, and Python's exit code 130."""

from __future__ import annotations

import sys
from types import TracebackType

_usual = sys.excepthook


def _tell(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("n8n_scraper: Interrupted.", file=sys.stderr)
    else:
        _usual(kind, error, traceback)


sys.excepthook = _tell
