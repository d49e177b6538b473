from __future__ import annotations

from n8n_scraper.frontier import Frontier, Pending


def test_new_ids_come_in_their_order() -> None:
    frontier: Frontier[str] = Frontier([Pending(3), Pending(1), Pending(2)])
    assert [frontier.next(0.0) for _ in range(4)] == [Pending(3), Pending(1), Pending(2), None]


def test_a_due_retry_goes_before_new_ids_and_a_waiting_one_blocks_nothing() -> None:
    frontier: Frontier[str] = Frontier([Pending(1), Pending(2)])
    frontier.retry(10.0, "late")
    frontier.retry(5.0, "early")
    assert frontier.next(4.9) == Pending(1)
    assert frontier.next(10.0) == "early"
    assert frontier.next(10.0) == "late"
    assert frontier.next(10.0) == Pending(2)
    assert len(frontier) == 0


def test_an_id_that_an_earlier_run_put_off_waits_for_its_time() -> None:
    frontier: Frontier[str] = Frontier([Pending(1, due_at=7.0)])
    assert frontier.next(6.9) is None
    assert frontier.waiting == len(frontier) == 1
    assert frontier.next(7.0) == Pending(1, due_at=7.0)
