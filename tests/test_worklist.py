"""The places in the stages: how many items are held in memory, and who waits as an id."""

from __future__ import annotations

from typing import cast

from n8n_scraper.store.session import Session
from n8n_scraper.worklist import MAX_STAGED, Worklist


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
