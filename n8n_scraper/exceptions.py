"""What can go wrong, as a tree.

N8nScraperError
├── StartError          a bad argument, setting, file or store: nothing was started (exit code 1)
│   └── DiskFull        the same for want of space: when there is some, it starts (exit code 3)
├── NothingToDo         the job named is finished: nothing was started, and nothing is wrong (exit code 0)
├── StoreUnavailable    the store went away in mid-crawl and did not come back (exit code 3)
├── NoBrowser           a page needs a browser, and none can be started: it is judged without
└── UnusableAnswer      an answer without content: what it means is its ``kind``
"""

from __future__ import annotations


class N8nScraperError(Exception):
    """Base of all errors of this package."""


class StartError(N8nScraperError):
    """The start is refused. The message is one sentence for a user: what, where, what to do."""


class DiskFull(StartError):
    """The start is refused because the disk of the store or of the exports has no space left."""


class NothingToDo(N8nScraperError):
    """What was asked for is done already. The message is one sentence for a user."""


class StoreUnavailable(N8nScraperError):
    """The store did not answer for as long as we were willing to wait."""


class NoBrowser(N8nScraperError):
    """The browser cannot be started; the message says why."""


class UnusableAnswer(N8nScraperError):
    """An answer, or the lack of one, that is a failure.

    ``kind`` is a name of :data:`n8n_scraper.failures.KINDS`; ``reason`` is a sentence without anything from outside
    that was not cleaned; ``retry_after`` is in seconds, None when the site asked for nothing.
    """

    is_final = False
    """It came after its own retries."""

    def __init__(self, kind: str, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason
        self.retry_after = retry_after
