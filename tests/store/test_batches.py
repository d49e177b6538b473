from __future__ import annotations

import asyncio
import time

import pytest

from n8n_scraper.store.batches import Batches


def test_a_full_batch_is_written_at_once_and_the_rest_after_its_time() -> None:
    written: list[list[int]] = []

    async def write(batch: list[int]) -> None:
        written.append(batch)

    async def run() -> float:
        batches = Batches(write, rows=3, seconds=0.2)
        began = time.monotonic()
        await asyncio.gather(*(batches.add(number) for number in range(4)))
        return time.monotonic() - began

    seconds = asyncio.run(run())
    assert written == [[0, 1, 2], [3]]
    assert seconds >= 0.2


def test_the_last_ones_wait_for_nobody() -> None:
    left, written = 3, list[list[int]]()

    async def write(batch: list[int]) -> None:
        nonlocal left
        written.append(batch)
        left -= len(batch)

    async def run() -> None:
        batches = Batches(write, lambda: left, rows=50, seconds=3600)
        await asyncio.wait_for(asyncio.gather(*(batches.add(number) for number in range(3))), 10)

    asyncio.run(run())
    assert written == [[0, 1, 2]]


def test_those_that_another_may_join_wait_their_time() -> None:
    async def write(batch: list[int]) -> None:
        pass

    async def run() -> float:
        began = time.monotonic()
        await Batches(write, lambda: 2, rows=50, seconds=0.2).add(1)
        return time.monotonic() - began

    assert asyncio.run(run()) >= 0.2


def test_add_returns_only_when_its_batch_is_written() -> None:
    is_written = asyncio.Event()

    async def write(batch: list[int]) -> None:
        await is_written.wait()

    async def run() -> None:
        batches = Batches(write, rows=1, seconds=0)
        adding = asyncio.ensure_future(batches.add(1))
        await asyncio.sleep(0.05)
        assert not adding.done()
        is_written.set()
        await adding

    asyncio.run(run())


def test_an_error_reaches_those_it_concerns_and_the_next_batch_goes_on() -> None:
    async def write(batch: list[int]) -> None:
        if 1 in batch:
            raise ValueError("refused")

    async def run() -> None:
        batches = Batches(write, rows=2, seconds=0.01)
        with pytest.raises(ValueError, match="refused"):
            await batches.add(1)
        await batches.add(2)

    asyncio.run(run())


def test_what_comes_while_a_batch_is_written_gathers_for_the_next() -> None:
    written: list[list[int]] = []

    async def write(batch: list[int]) -> None:
        written.append(batch)
        await asyncio.sleep(0.05)

    async def run() -> None:
        batches = Batches(write, rows=2, seconds=0.01)
        first = [asyncio.ensure_future(batches.add(number)) for number in (1, 2)]
        await asyncio.sleep(0.02)
        await asyncio.gather(*first, batches.add(3), batches.add(4))

    asyncio.run(run())
    assert written == [[1, 2], [3, 4]]
