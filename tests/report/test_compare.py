"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from n8n_scraper.report.compare import compare
from n8n_scraper.report.document import Document, Table, Text
from n8n_scraper.report.run_data import RunData

NewRun = Callable[..., RunData]
FAILED = {"crawl_status": "failed", "layer_statuses": ("failed",) * 3, "error_kind": "server", "content": "none"}
GONE = {"crawl_status": "gone", "layer_statuses": ("gone",) * 3, "error_kind": "gone", "content": "none"}


def table(document: Document, key: str) -> dict[Any, tuple[Any, ...]]:
    blocks = [block for section in document.sections for block in section.blocks]
    found = next(block for block in blocks if isinstance(block, Table) and block.key == key)
    return {row[0]: row[1:] for row in found.rows}


def changed(run: RunData, **fields: Any) -> list[Any]:
    """The visits of a run: 10 failed, 11 is gone, 99 came, 12 was not asked for."""
    odd = {
        10: FAILED,
        11: GONE,
        99: {**FAILED, "crawl_status": "complete", "layer_statuses": ("ok",) * 3, "error_kind": None},
    }
    return [visit._replace(**odd.get(visit.id, {})) for visit in run.visits or () if visit.id != 12]


def test_moves_are_those_of_the_workflows_in_both(new_run: NewRun) -> None:
    first = new_run()
    second = new_run(run_id="20261124T061500Z-aaaa", visits=changed(first))
    found = compare(first, second)
    moves = table(found, "moves")
    assert {name: ids for name, (_, ids) in moves.items() if ids} == {
        "came then, failed now": (10,),
        "came then, gone now": (11,),
        "failed both times": (97, 98, 100),
        "failed then, came now": (99,),
        "gone both times": (95, 96),
        "content changed": (1,),
        "only in the first": (12,),
    }
    assert [moves["failed both times"][0], moves["only in the second"][0]] == [3, 0]
    assert found.verdict == ("1 workflows that came then failed now, 1 the other way round. 1 that came then are gone.")
    assert found.tone == "warn"


def test_figures_of_both_and_their_ratio(new_run: NewRun) -> None:
    first = new_run()
    told = table(compare(first, new_run(visits=(first.visits or [])[:50], stats={})), "figures")
    assert told["visited"] == (100, 50, 0.5)
    assert told["complete"] == (94, 50, 0.532)
    assert told["failed"] == (4, 0, 0.0)
    assert told["service time p95 (s)"] == (0.95, 0.48, 0.505)
    assert told["requests"] == (130, None, None)
    assert told["median quality"] == (85.0, 85.0, 1.0)
    assert told["planned"] == (100, None, None)
    assert table(compare(new_run(visits=None), first), "figures")["visited"] == (None, 100, None)


@pytest.mark.parametrize(
    ("load", "rate", "doubts"),
    [
        (1.5, "2.0", []),
        (9.0, "2.0", ["The machine had other work during run"]),
        (1.5, "1.0", ["N8N_SCRAPER_REQUESTS_PER_SECOND was not the same in both."]),
    ],
)
def test_times_are_comparable_only_under_the_same_conditions(
    new_run: NewRun, load: float, rate: str, doubts: list[str]
) -> None:
    first = new_run()
    stats = {**first.stats, "machine/load_average_highest": load}
    second = new_run(stats=stats, settings={"N8N_SCRAPER_REQUESTS_PER_SECOND": rate})
    found = compare(first, second)
    limits = found.sections[-1].blocks[0]
    assert isinstance(limits, Text)
    told = limits.paragraphs[:-2]
    assert [text.startswith(doubt) for text, doubt in zip(told, doubts, strict=True)] == [True] * len(doubts)
    assert ("Times are not comparable." in found.verdict, found.tone) == ((True, "warn") if doubts else (False, "good"))
    assert table(found, "settings") == ({} if rate == "2.0" else {"N8N_SCRAPER_REQUESTS_PER_SECOND": ("2.0", rate)})
