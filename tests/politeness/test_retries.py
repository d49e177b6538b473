"""A question is asked again as often, and after such waits, as its failure allows."""

from __future__ import annotations

import asyncio

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.politeness.retries import ask_until_answered


@pytest.mark.parametrize(
    ("kinds", "retry_after", "asked", "is_answered"),
    [
        ([], None, 1, True),
        (["server"], None, 2, True),
        (["timeout", "network", "server"], None, 4, True),
        (["server"] * 4, None, 4, False),
        (["gone"], None, 1, False),
        (["rate_limited"], 200.0, 2, True),
        (["rate_limited"], 400.0, 1, False),
    ],
)
def test_a_question_is_asked_until_there_is_an_answer(
    kinds: list[str], retry_after: float | None, asked: int, is_answered: bool
) -> None:
    left, waits = list(kinds), list[float]()
    asks: list[int] = []

    async def ask() -> str:
        asks.append(1)
        if left:
            raise UnusableAnswer(left.pop(0), "why", retry_after=retry_after)
        return "answer"

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    if is_answered:
        assert asyncio.run(ask_until_answered(ask, wait)) == "answer"
    else:
        with pytest.raises(UnusableAnswer, match="why"):
            asyncio.run(ask_until_answered(ask, wait))
    assert (len(asks), len(waits)) == (asked, asked - 1)
    assert all(seconds >= max(least, retry_after or 0) for seconds, least in zip(waits, (1, 2, 4), strict=False))
