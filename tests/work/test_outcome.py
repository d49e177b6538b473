"""What the end of a task's process means."""

from __future__ import annotations

import pytest

from n8n_scraper.work.outcome import MOST_CRASHES, WAITS, End, judge, shards


@pytest.mark.parametrize(
    ("end", "verdict", "wait", "crashes"),
    [
        (End(0, True, "finished"), "done", 0, 0),
        (End(4, True, "check_failed"), "done", 0, 0),
        (End(-9, True, None, crash_count=2), "done", 0, 0),
        (End(0, False, "shutdown"), "again", WAITS["shutdown"], 0),
        (End(-15, False), "again", WAITS["shutdown"], 0),
        (End(3, False, "blocked"), "again", 900, 0),
        (End(3, False, "put_off"), "again", 300, 0),
        (End(3, False, None), "again", WAITS["store_unavailable"], 0),
        (End(3, False, "disk_full", crash_count=2), "again", WAITS["disk_full"], 2),
        (End(4, False, "structure_drift"), "aside", 0, 0),
        (End(-9, False), "again", 10, 1),
        (End(None, False, crash_count=1), "again", 20, 2),
        (End(1, False), "again", 10, 1),
        (End(0, False, None), "again", 10, 1),
        (End(None, False, crash_count=2), "aside", 0, MOST_CRASHES),
        (End(None, False, has_progress=True, crash_count=2), "again", 10, 1),
    ],
)
def test_ends(end: End, verdict: str, wait: float, crashes: int) -> None:
    outcome = judge(end)
    assert (outcome.verdict, outcome.wait, outcome.crash_count) == (verdict, wait, crashes)


def test_what_the_site_refuses_one_it_refuses_all() -> None:
    assert judge(End(3, False, "blocked")).concerns_site
    assert not judge(End(3, False, "store_unavailable")).concerns_site


def test_whoever_is_set_aside_says_why() -> None:
    reasons = [judge(End(code, False, crash_count=2)).reason for code in (None, -9, 1)]
    assert reasons == [
        "its worker died, or was not heard of for longer than its lease, 3 times in a row without a row between them",
        "its process was ended by SIGKILL, 3 times in a row without a row between them",
        "its process ended with exit code 1, 3 times in a row without a row between them",
    ]


def test_an_export_that_failed_says_what_it_said_and_nothing_of_rows() -> None:
    end = End(1, False, crash_count=2, said="No space left on device", makes_rows=False)
    assert judge(end).reason == "its process ended with exit code 1 (No space left on device), 3 times in a row"


def test_shards_have_all_ids_once_in_their_order() -> None:
    assert shards([5, 1, 4, 2, 3], 2) == [[5, 1], [4, 2], [3]]
    assert shards([], 2) == []
    assert [len(shard) for shard in shards([*range(80)], 10)] == [10] * 8


def test_of_many_shards_the_first_are_shorter_so_that_workers_end_apart() -> None:
    ids = [*range(1, 99)]
    parts = shards(ids, 8)
    assert [len(part) for part in parts] == [2, 4, 6, *[8] * 10, 6]
    assert [id for part in parts for id in part] == ids


@pytest.mark.parametrize(
    ("ids", "size", "first"),
    [(81, 10, [2, 5, 7, 10]), (33, 4, [1, 2, 3, 4]), (25, 3, [3, 3, 3, 3]), (17, 2, [2, 2, 2, 2])],
)
def test_more_than_eight_shards_are_many_and_less_than_four_ids_are_not_split(
    ids: int, size: int, first: list[int]
) -> None:
    assert [len(part) for part in shards([*range(ids)], size)][:4] == first


def test_a_crawl_that_finished_and_left_ids_was_refused_them() -> None:
    assert judge(End(0, False, "finished", crash_count=2)).reason.startswith("the site refused some of its ids")
    assert judge(End(0, True, "finished")).verdict == "done"
