from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.items import LAYERS, STAGES
from n8n_scraper.scale.dataset import Dataset, Member
from n8n_scraper.scale.expected import classify, expected_layers, outcomes
from n8n_scraper.scale.fault_plan import Planned

ALL = (1, 2, 3), ("media", "transcripts")
GOOD = Member(id=1, group="good", why="", crawl_status="complete", media="ok")
BLOCKED = Member(id=2, group="challenging", why="403", crawl_status="failed", error_kind="blocked", media="ok")
GONE = Member(id=3, group="edge", why="gone", crawl_status="gone", error_kind="gone")
DATASET = Dataset((GOOD, BLOCKED, GONE), {2: Planned("403", "blocked", None)})


def row(member: Member, **changes: Any) -> dict[str, Any]:
    return {
        "crawl_status": member.crawl_status,
        "error_kind": member.error_kind,
        "error": None,
        "service_seconds": 0.5,
        **expected_layers(member, *ALL),
        **changes,
    }


@pytest.mark.parametrize(
    ("member", "numbers", "stages", "statuses"),
    [
        (GOOD, (1, 2, 3), (), ["ok", "ok", "ok", "skipped", "skipped"]),
        (GOOD, *ALL, ["ok", "ok", "ok", "ok", "missing"]),
        (GOOD, (2,), (), ["skipped", "ok", "skipped", "skipped", "skipped"]),
        (BLOCKED, *ALL, ["blocked", "blocked", "blocked", "blocked", "blocked"]),
        (BLOCKED, (1, 2), (), ["blocked", "blocked", "skipped", "skipped", "skipped"]),
        (GONE, *ALL, ["gone", "gone", "gone", "gone", "gone"]),
        (GONE, (2,), (), ["gone", "gone", "gone", "skipped", "skipped"]),
    ],
)
def test_statuses_of_layers(
    member: Member, numbers: tuple[int, ...], stages: tuple[str, ...], statuses: list[str]
) -> None:
    found = expected_layers(member, numbers, stages)
    assert [found[column] for column in (*LAYERS.values(), *STAGES.values())] == statuses


def test_what_differs_is_said() -> None:
    rows = {1: row(GOOD), 2: row(BLOCKED), 3: row(GONE)}
    assert classify(DATASET.members, rows, *ALL) == {}
    assert classify(DATASET.members, {}, *ALL) == dict.fromkeys((1, 2, 3), "no row")
    rows[1] = row(GOOD, media_status="failed")
    rows[2] = row(BLOCKED, error_kind="server")
    rows[3] = row(GOOD)
    assert classify(DATASET.members, rows, *ALL) == {
        1: "media_status failed, expected ok",
        2: "failed (server), expected failed (blocked)",
        3: "complete (None), expected gone (gone)",
    }


def test_an_outcome_tells_both() -> None:
    one, two, three = outcomes(DATASET, {1: row(GOOD, media_status="failed"), 2: row(BLOCKED)}, *ALL)
    assert (one["differs"], one["is_as_expected"], one["fault_kind"]) == (
        "media_status failed, expected ok",
        False,
        None,
    )
    assert (two["is_as_expected"], two["fault_kind"], two["service_seconds"]) == (True, "blocked", 0.5)
    assert two["layers"]["layer2_status"] == "blocked"
    assert (three["differs"], three["crawl_status"], three["layers"]) == ("no row", None, {})
