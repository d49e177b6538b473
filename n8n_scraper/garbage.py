"""How often Python looks for cycles of objects that nobody holds any more."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_AFTER = (50_000, 20, 100)
"""Objects made and not freed until the young ones are looked through, and how often before the older ones are: a
template alone is thousands, hardly one of them in a cycle. After each 700, as is usual, this took a tenth of a crawl's
CPU time.
"""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """What is there now, modules and settings, is not looked through at all meanwhile; nor is anything at the end of
    the process, which frees it all.
    """
    atexit.register(gc.freeze)
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
