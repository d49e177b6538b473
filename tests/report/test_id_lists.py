"""Which workflows of a run are asked for again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.report.id_lists import check_lists, choose_ids
from n8n_scraper.report.run_data import RunData

NewRun = Callable[..., RunData]


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["failed"], [97, 98, 99, 100]),
        (["server"], [97, 98, 99, 100]),
        (["gone", "failed"], [95, 96, 97, 98, 99, 100]),
        (["changed"], [1]),
        (["slow"], [96, 97, 98, 99, 100]),
        (["poor"], [2]),
        (["partial"], [3]),
        (["back"], [4]),
        (["blocked"], []),
        ([], []),
    ],
)
def test_lists(new_run: NewRun, names: list[str], ids: list[int]) -> None:
    run = new_run()
    odd: dict[int, dict[str, Any]] = {
        2: {"quality_score": 39.9},
        3: {"crawl_status": "partial", "layer_statuses": ("ok", "ok", "failed")},
        4: {"turn": "back", "quality_score": 40.0},
    }
    visits = [visit._replace(**odd.get(visit.id, {})) for visit in run.visits or ()]
    assert choose_ids(new_run(visits=visits), names) == ids


def test_of_a_run_without_rows_nothing_is_chosen(new_run: NewRun) -> None:
    assert choose_ids(new_run(visits=None), ["slow", "failed", "new"]) == []


def test_a_list_that_is_not_there_is_refused_with_what_there_is() -> None:
    check_lists(["failed", "slow", "gone"])
    with pytest.raises(StartError, match=r"no list 'slwo'. Did you mean slow\?"):
        check_lists(["failed", "slwo"])
    with pytest.raises(StartError, match="There are slow, failed, partial"):
        check_lists(["xyzzy"])
