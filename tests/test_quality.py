from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest

from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.row import from_detail
from n8n_scraper.quality import CONSISTENCY_RULES, EXPLAINER_RULES, METADATA_RULES, WORKFLOW_RULES, Quality, Rule, score

WEIGHTS = (20.0, 30.0, 40.0, 10.0)
TABLES = (METADATA_RULES, WORKFLOW_RULES, EXPLAINER_RULES, CONSISTENCY_RULES)
SENTENCE = "Each morning the weather is read and posted to the channel that you choose in Slack. "


def _node(name: str, type: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "type": type, "typeVersion": 1, "position": [0, 0], "parameters": {}, **more}


def _nodes() -> list[dict[str, Any]]:
    return [
        _node("Every morning", "n8n-nodes-base.scheduleTrigger"),
        _node("Read the weather", "n8n-nodes-base.httpRequest", retryOnFail=True),
        _node("Is it raining?", "n8n-nodes-base.if"),
        _node("Write the text", "n8n-nodes-base.set"),
        _node("Tell the team", "n8n-nodes-base.slack"),
        _node("Keep a log", "n8n-nodes-base.noOp"),
        _node("Note", "n8n-nodes-base.stickyNote", parameters={"content": "Choose a channel."}),
    ]


def _answer(**changes: Any) -> dict[str, Any]:
    names = [node["name"] for node in _nodes()[:-1]]
    connections = {name: {"main": [[{"node": names[i + 1]}]]} for i, name in enumerate(names[:-1])}
    return {
        "name": "Post the weather to Slack",
        "totalViews": 0,
        "createdAt": "2026-01-01T00:00:00Z",
        "description": f"# How it works\n{SENTENCE * 40}\n# Set up\n![shot](https://files.test/a.png)\n"
        "# Customise\nSee [the docs](https://docs.test).",
        "user": {"name": "Ada", "username": "ada"},
        "categories": [{"id": 1, "name": "AI"}],
        "workflow": {"nodes": _nodes(), "connections": connections},
        **changes,
    }


def _item(answer: dict[str, Any] | None = None, layers: tuple[int, ...] = (1, 2, 3), **columns: Any) -> WorkflowItem:
    item = WorkflowItem(id=7, url="https://n8n.io/workflows/7-x/", is_paid=False, price_usd=0.0)
    from_detail(item, answer or _answer(), layers)
    for name, value in columns.items():
        setattr(item, name, value)
    return item


def test_the_points_of_each_table_are_a_hundred() -> None:
    assert [sum(rule.points for rule in table) for table in TABLES] == [100, 100, 100, 100]


def test_each_reason_is_said_by_one_rule() -> None:
    reasons = [rule.reason for table in TABLES for rule in table]
    assert len(set(reasons)) == len(reasons)


@pytest.mark.parametrize("weights", [WEIGHTS, (1, 1, 1, 1), (0.1, 0.2, 0.3, 0.7), (0, 0, 7, 0), (33, 33, 33, 1)])
def test_a_perfect_workflow_has_exactly_100(weights: Sequence[float]) -> None:
    assert score(_item(), weights) == Quality(100.0, "excellent", [])


def _without(*names: str) -> dict[str, Any]:
    nodes = [node for node in _nodes() if node["name"] not in names]
    return {"nodes": nodes, "connections": {"Every morning": {"main": [[{"node": nodes[1]["name"]}]]}}}


def _with_node(**changes: Any) -> dict[str, Any]:
    workflow: dict[str, Any] = _answer()["workflow"]
    workflow["nodes"][3].update(changes)
    return workflow


SPOILED: dict[str, WorkflowItem] = {
    "no title": _item(_answer(name=" ")),
    "title of fewer than three words": _item(_answer(name="Slack weather")),
    "no author": _item(author_name=None),
    "no user name of the author": _item(author_username=None),
    "no category": _item(categories=[]),
    "no date of publication": _item(created_at=None),
    "views unknown": _item(views=None),
    "no canonical address": _item(url=None),
    "price unknown": _item(is_paid=None),
    "no nodes": _item(_answer(workflow={"nodes": []})),
    "fewer than three nodes": _item(_answer(workflow={"nodes": _nodes()[:2]})),
    "fewer than six nodes": _item(_answer(workflow={"nodes": _nodes()[:5]})),
    "no trigger": _item(_answer(workflow={"nodes": _nodes()[1:]})),
    "no connections": _item(_answer(workflow={"nodes": _nodes()})),
    "a node without a name": _item(_answer(workflow=_with_node(name=""))),
    "a node without type or version": _item(_answer(workflow=_with_node(typeVersion=None))),
    "a node without an id": _item(_answer(workflow=_with_node(id=""))),
    "a node without a position": _item(_answer(workflow=_with_node(position=[]))),
    "over a quarter of the nodes only have numbered names": _item(
        _answer(workflow={"nodes": [_node(f"Set{i}", "n8n-nodes-base.set") for i in range(6)]})
    ),
    "no node handles errors": _item(_answer(workflow=_without("Read the weather"))),
    "no description": _item(description=" "),
    "description under 500 characters": _item(description="x" * 499),
    "description under 1,500 characters": _item(description="x" * 1_499),
    "description under 3,000 characters": _item(description="x" * 2_999),
    "fewer than three headings": _item(sections=[{"level": 1, "title": "Overview and set-up", "text": ""}]),
    "no heading for what it is and does": _item(sections=[{"level": 1, "title": "Set up", "text": ""}] * 3),
    "no heading for setting it up": _item(sections=[{"level": 1, "title": "Overview", "text": ""}] * 3),
    "nothing on changing it": _item(explainer_text="Slack"),
    "no sticky notes": _item(sticky_notes=[{"node_name": "x", "text": " "}]),
    "fewer than one sticky note for six nodes": _item(node_count=7),
    "no image and no video": _item(images=[]),
    "no links": _item(links=[]),
    "two nodes with one name": _item(_answer(workflow=_with_node(name="Tell the team"))),
    "a connection to or from a node that is not there": _item(_answer(workflow=_with_node(name="Renamed"))),
    "a node that is not connected": _item(_answer(workflow=_with_node(name="Renamed"))),
    "the text names none of the services used": _item(_answer(name="a b c", description="x"), explainer_text="x"),
    "an image that cannot be found": _item(_answer(description="![x](fileId:5)")),
}


@pytest.mark.parametrize("rule", [rule for table in TABLES for rule in table], ids=lambda rule: rule.reason)
def test_each_rule_costs_points_with_its_reason(rule: Rule) -> None:
    quality = score(SPOILED[rule.reason], WEIGHTS)
    assert rule.reason in quality.missing
    assert quality.score is not None
    assert quality.score < 100


def test_points_are_weighted() -> None:
    assert score(_item(views=None), WEIGHTS).score == 98.0  # 10 of 100 points of a fifth
    assert score(_item(views=None), (1, 0, 0, 0)).score == 90.0
    assert score(_item(views=None), (0, 1, 1, 1)).score == 100.0


@pytest.mark.parametrize("status", ["failed", "blocked", "disallowed", "missing"])
def test_a_layer_that_is_not_ok_scores_0_with_a_reason(status: str) -> None:
    quality = score(_item(layer3_status=status), WEIGHTS)
    assert quality == Quality(60.0, "good", [f"explainer: {status}"])
    quality = score(_item(layer2_status=status), WEIGHTS)
    assert quality == Quality(60.0, "good", [f"workflow JSON: {status}", f"consistency: {status}"])


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((1,), Quality(100.0, "excellent", [])),
        ((1, 2), Quality(100.0, "excellent", [])),
        ((2, 3), Quality(100.0, "excellent", [])),
        ((), Quality(None, None, [])),
    ],
)
def test_a_skipped_layer_is_left_out(layers: tuple[int, ...], expected: Quality) -> None:
    assert score(_item(layers=layers), WEIGHTS) == expected


def test_a_skipped_layer_gives_its_weight_to_the_others() -> None:
    assert score(_item(layers=(1, 3), views=None), WEIGHTS).score == 96.67  # 2 of 60


def test_without_content_there_is_no_score() -> None:
    assert score(WorkflowItem(id=7, layer1_status="gone"), WEIGHTS) == Quality(None, None, [])
    assert score(_item(), (0, 0, 0, 0)) == Quality(None, None, [])


@pytest.mark.parametrize(
    ("lost", "band"), [(0, "excellent"), (1, "excellent"), (2, "good"), (6, "good"), (7, "poor"), (9, "poor")]
)
def test_bands(lost: int, band: str) -> None:
    spoiled: tuple[dict[str, Any], ...] = (
        {"name": None},  # 25
        {"author_name": None},  # 15
        {"categories": []},  # 15
        {"author_username": None},  # 5
        {"views": None},  # 10 … 30 are left
    )
    item = _item()
    weights = (100, 0, 0, 0)
    if lost == 1:
        item.created_at = None  # 85
    elif lost == 2:
        item.name = None  # 75
    elif lost == 6:
        item.name = item.author_name = None
        item.categories = []  # 45
    elif lost > 6:
        for change in spoiled:
            for name, value in change.items():
                setattr(item, name, value)
    assert score(item, weights).band == band


def test_the_score_never_depends_on_how_long_the_crawl_took() -> None:
    now = datetime.now(timezone.utc)
    slow = _item(service_seconds=900.0, attempt_count=4, request_count=9, scraped_at=now, first_seen_at=now)
    assert score(slow, WEIGHTS) == score(_item(), WEIGHTS)


def test_almost_perfect_is_never_100() -> None:
    quality = score(_item(views=None), (0.0001, 100, 100, 100))
    assert quality.score == 99.99


@pytest.mark.parametrize(
    ("settings", "node", "is_handled"),
    [
        ({"errorWorkflow": "12"}, {}, True),
        ({"errorWorkflow": ""}, {}, False),
        ("none", {}, False),
        ({}, {"onError": "continueErrorOutput"}, True),
        ({}, {"retryOnFail": True}, True),
        ({}, {"continueOnFail": True}, True),
        ({}, {"retryOnFail": False}, False),
        ({}, {"type": "n8n-nodes-base.errorTrigger"}, True),
        ({}, {"type": "n8n-nodes-base.stopAndError"}, True),
    ],
)
def test_what_handles_errors(settings: Any, node: dict[str, Any], is_handled: bool) -> None:
    plain = {"parameters": {}, "typeVersion": 1, "id": "i", "position": [0, 0]}
    nodes = [{"name": "Do it", "type": "n8n-nodes-base.set", **plain, **node}]
    missing = score(_item(_answer(workflow={"nodes": nodes, "settings": settings})), WEIGHTS).missing
    assert ("no node handles errors" not in missing) == is_handled
