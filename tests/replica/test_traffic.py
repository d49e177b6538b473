from __future__ import annotations

from n8n_scraper.replica.traffic import Traffic


def _arrivals(*moments: float) -> dict[str, object]:
    traffic = Traffic()
    for moment in moments:
        traffic.arrive(moment)
    return traffic.as_dict()


def test_fullest_windows() -> None:
    stats = _arrivals(100.0, 100.5, 100.999, 101.0, 104.0, 109.999, 110.0)
    assert (stats["max_in_1s"], stats["max_in_10s"], stats["seconds"]) == (3, 6, 10.0)


def test_two_a_second_are_never_three_in_one() -> None:
    assert _arrivals(*(n * 0.5 for n in range(40)))["max_in_1s"] == 2


def test_nothing_yet() -> None:
    stats = _arrivals()
    assert (stats["requests"], stats["max_in_1s"], stats["seconds"]) == (0, 0, 0.0)


def test_counts_by_label() -> None:
    traffic = Traffic()
    for status, fault in ((200, None), (404, None), (0, "reset")):
        traffic.answer("api", status, "detail", fault)
    traffic.answer("site", 200, "page", None)
    stats = traffic.as_dict()
    assert stats["requests"] == 4
    assert stats["by_host"] == {"api": 3, "site": 1}
    assert stats["by_status"] == {"0": 1, "200": 2, "404": 1}
    assert stats["by_kind"] == {"api/detail": 3, "site/page": 1}
    assert stats["by_fault"] == {"reset": 1}
