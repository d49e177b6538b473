"""A question asked until there is an answer or no retry is left. Waits are those of backoff.py. Pure."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.politeness.backoff import PUT_OFF_SECONDS, retry_delay

T = TypeVar("T")


async def ask_until_answered(ask: Callable[[], Awaitable[T]], wait: Callable[[float], Awaitable[None]]) -> T:
    """``wait`` takes the seconds before the next attempt, and raises where there is to be none.

    Raises:
        UnusableAnswer: the last failure; also one that asks for a wait that would hold the crawl up.
    """
    for attempt in itertools.count(1):
        try:
            return await ask()
        except UnusableAnswer as failure:
            delay = retry_delay(failure.kind, attempt, failure.retry_after, random.random)
            if failure.is_final or delay is None or delay > PUT_OFF_SECONDS:
                raise
        await wait(delay)
    raise AssertionError("retries end")
