from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.scale.stage_gap import Gap, Host, Limits, stage_gaps


def limits(site: float = 0, media: float = 0, youtube: float = 0) -> Limits:
    return Limits(site, Host(media, 2), Host(youtube, 4))


NO_LIMIT = limits()


def entry(
    t: float, host: str, id: int | None = None, path: str = "/", video: str | None = None, seconds: float = 0.001
) -> dict[str, Any]:
    told = {"t": t, "host": host, "id": id, "path": path, "status": 200, "seconds": seconds}
    return told | ({"video": video} if video else {})


def row(images: str = "", videos: str = "") -> dict[str, Any]:
    return {
        "images": [{"url": f"http://127.0.0.1:1/images/{name}"} for name in images],
        "videos": [{"video_id": name} for name in videos],
    }


def image(t: float, name: str, seconds: float = 0.001) -> dict[str, Any]:
    return entry(t, "media", path=f"/images/{name}", seconds=seconds)


def video(t: float, name: str, seconds: float = 0.001) -> dict[str, Any]:
    return entry(t, "youtube", path="/watch", video=name, seconds=seconds)


def whole(gaps: list[Gap]) -> list[float]:
    return [gap.whole for gap in gaps]


def test_page_and_answer_of_one_workflow() -> None:
    entries = [entry(1.0, "api", 1), entry(1.03, "site", 1), entry(2.0, "api", 2), entry(9.0, "site", 1)]
    assert whole(stage_gaps({1: row(), 2: row()}, entries, NO_LIMIT)) == pytest.approx([30])
    assert stage_gaps({1: row(), 2: row()}, entries, limits(2, 1, 0.2)) == [], "one gate for both"


def test_images_and_transcripts_of_one_workflow() -> None:
    rows = {1: row("ab", "x"), 2: row("c"), 3: row("", "y"), 4: row("sd", "z"), 5: row("s", "w")}
    entries = [image(1.0, "a"), image(1.5, "b"), video(1.2, "x"), image(2, "c"), video(3, "y")]
    entries += [image(4.0, "s"), video(4.5, "z"), image(4.6, "d"), video(4.7, "w"), video(5.0, "x")]
    assert whole(stage_gaps(rows, entries, NO_LIMIT)) == pytest.approx([200, 100]), (
        "s is of two workflows and of neither"
    )


def test_what_waited_for_its_turn_is_left_out() -> None:
    rows = {1: row("a", "x"), 2: row("b", "y")}
    entries = [image(1.0, "a"), video(1.1, "x"), image(1.2, "b"), video(5.2, "y")]
    assert whole(stage_gaps(rows, entries, NO_LIMIT)) == pytest.approx([100, 4000])
    assert whole(stage_gaps(rows, entries, limits(2, 1, 0.2))) == pytest.approx([100]), "y had to wait for 5 s after x"
    assert whole(stage_gaps(rows, entries, limits(2, 1, 1))) == pytest.approx([100, 4000])


def test_robots_txt_is_the_beginning_of_the_first_image() -> None:
    rows = {1: row("a", "x"), 2: row("b", "y")}
    entries = [
        entry(1.0, "media", path="/robots.txt"),
        image(1.4, "a"),
        video(1.1, "x"),
        image(1.5, "b"),
        video(1.6, "y"),
    ]
    assert whole(stage_gaps(rows, entries, NO_LIMIT)) == pytest.approx([100, 100])


def test_a_kill_between_them_is_no_gap() -> None:
    entries = [
        entry(0.0, "api", path="/robots.txt"),
        image(1.0, "a"),
        entry(5.0, "api", path="/robots.txt"),
        video(6.0, "x"),
    ]
    assert stage_gaps({1: row("a", "x")}, entries, NO_LIMIT) == []
    without_kill = [one for one in entries if one["t"] != 5]
    assert whole(stage_gaps({1: row("a", "x")}, without_kill, NO_LIMIT)) == pytest.approx([5000])


def test_a_queue_at_the_host_is_not_the_gap_that_counts() -> None:
    rows = {1: row("a", "x")}
    others = [image(t / 10, f"{t}", 0.09) for t in range(10, 40)]
    taken = [*others, *(image(t / 10 - 0.05, f"b{t}", 0.09) for t in range(10, 40))]
    [gap] = stage_gaps(rows, [video(1.0, "x"), *taken, image(4.0, "a")], NO_LIMIT)
    assert gap == pytest.approx((60, 3000)), "both places were taken but for the last moment"
    [gap] = stage_gaps(rows, [video(1.0, "x"), *others, image(4.0, "a")], NO_LIMIT)
    assert gap == pytest.approx((3000, 3000)), "one place was free all the time"
    [gap] = stage_gaps(rows, [video(1.0, "x"), *taken[:50], image(4.0, "a")], NO_LIMIT)
    assert gap.idle == pytest.approx(1060), "the last second and what was left of a place"


def test_a_video_keeps_its_place_for_all_its_requests() -> None:
    others = [video(1.0 + step, name, 0.5) for name in "pqrs" for step in (0.0, 1.0, 2.0)]
    [gap] = stage_gaps({1: row("a", "x")}, [image(1.1, "a"), *others, video(3.6, "x")], NO_LIMIT)
    assert gap == pytest.approx((100, 2500))
