"""What an error of the store means: wait for it, ask again, end the crawl, or this row alone is refused. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import psycopg2

from n8n_scraper.exceptions import DiskFull, StartError, StoreUnavailable

Meaning = Literal["away", "again", "full", "refused"]

_DISK_FULL = "53100"
_NO_SPACE = "No space left on device"
"""What a server says that ends, or does not start, for a full disk; it has no code to give."""
_TOO_LARGE = "54"
"""Class of limits, of a value in an index, say: psycopg2 calls it operational, but waiting does not make it fit."""
_ROLLED_BACK = "40"
"""Class of deadlocks and serialization failures: others were in the way."""
_LEFT_IDLE = "25P03"
"""A transaction that the server ended because nothing was asked in it; psycopg2 calls it an internal error."""
_CANCELLED = frozenset({"55P03", "57014"})
"""A lock or a statement that took longer than the server's administrator allows."""
_ROW = (psycopg2.DataError, psycopg2.IntegrityError, psycopg2.ProgrammingError, psycopg2.NotSupportedError)


def meaning(error: psycopg2.Error) -> Meaning:
    """``away``: the connection is of no use any more; ``again``: the same transaction may go through now; ``full``: no
    space on the server's disk; ``refused``: this statement, for what is in it.
    """
    code = error.pgcode or ""
    if code == _DISK_FULL or (not code and _NO_SPACE in str(error)):
        return "full"
    if code.startswith(_ROLLED_BACK) or code in _CANCELLED:
        return "again"
    if code == _LEFT_IDLE:
        return "away"
    if code.startswith(_TOO_LARGE) or isinstance(error, (*_ROW, psycopg2.InternalError)):
        return "refused"
    return "away"


def close_reason(error: BaseException | None) -> str | None:
    """Why the crawl must stop after this error; None when it need not. What was not committed is due again."""
    if isinstance(error, StoreUnavailable):
        return "store_unavailable"
    if isinstance(error, psycopg2.Error) and meaning(error) == "full":
        return "disk_full"
    return None


def stop_reason(error: StoreUnavailable | psycopg2.Error) -> str:
    """The close reason where nothing can be stored any more, whatever the error says of itself."""
    return close_reason(error) or "store_unavailable"


@contextmanager
def telling_full_disk() -> Iterator[None]:
    """Around what a start does: where it fails for want of space it says so.

    Raises:
        DiskFull: in place of an error that means that there is no space left; other errors pass.
    """
    try:
        yield
    except StartError as error:
        if _NO_SPACE in str(error):
            raise DiskFull(str(error)) from None
        raise
    except psycopg2.Error as error:
        if meaning(error) == "full":
            raise DiskFull("There is no space left on the disk of the store: free some and start again.") from None
        raise
