"""The places in the stages: how many items are held in memory, and who waits as an id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from n8n_scraper.store.session import Session
from n8n_scraper.visit import Visit, Wanted
from n8n_scraper.worklist import MAX_STAGED, Worklist


class _Transactions:
    """Keeps what the store would be asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def run(self, transaction: Callable[..., object]) -> None:
        self.asked.append(transaction.keywords)  # type: ignore[attr-defined]  # they are all partial


def worklist(*stored: int) -> Worklist:
    return Worklist(cast("Session", None), 1, [], put_off=[], stored=stored)


def test_only_so_many_are_in_the_stages_and_the_others_wait_as_ids() -> None:
    work = worklist()
    assert not work
    assert [work.stage(id) for id in range(MAX_STAGED)] == [True] * MAX_STAGED
    assert not work.stage(1000)
    assert work.unpark() == []
    work.end(7)
    work.end(8)
    assert work.unpark() == [1000]
    assert work.stage(1001)
    assert not work.stage(1002)


def test_stored_ones_take_the_places_that_are_free_in_their_order() -> None:
    ids = list(range(MAX_STAGED + 2))
    work = worklist(*ids)
    assert work.unpark() == ids[:MAX_STAGED]
    assert work.unpark() == []
    work.end(0)
    assert work.unpark() == [MAX_STAGED]
    for id in ids:
        work.end(id)
    assert work.unpark() == [MAX_STAGED + 1]
    assert work
    work.end(MAX_STAGED + 1)
    assert not work


def test_failed_attempts_are_given_back_to_those_under_way_and_to_no_other() -> None:
    store = _Transactions()
    work = Worklist(cast("Session", store), 7, [], put_off=[])
    visit = Visit(id=1, wanted=Wanted(layers=(1, 2, 3)), attempts={"detail": 3})
    work.begin(visit)
    asyncio.run(work.give_back({1: 2, 99: 5}))
    assert visit.attempts == {"detail": 1}
    assert store.asked == [{"job_id": 7, "counts": {1: 2}}]
    asyncio.run(work.give_back({99: 5}))
    assert len(store.asked) == 1
