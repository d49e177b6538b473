from __future__ import annotations

import gc
import weakref

from n8n_scraper.garbage import seldom_collected


class _Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_cycles_are_looked_for_seldom_and_still_found() -> None:
    usual = gc.get_threshold()
    with seldom_collected():
        cycle = weakref.ref(_Cycle())
        small = [[] for _ in range(usual[0] * 2)]  # type: list[list[int]]
        assert cycle() is not None, "by now it would be gone"
        many = [[] for _ in range(60_000)]  # type: list[list[int]]
        assert cycle() is None
        assert len(small) + len(many) > 60_000
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0
