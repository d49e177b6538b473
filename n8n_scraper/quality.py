"""How much of what a good template has is there: rules → a score with a reason for every lost point. Pure.

A layer scores the share of its rules' points that it earned. Weights put the layers together; a layer that was not
asked for is left out, one that failed or that the source does not have scores 0. How long the crawl took plays no part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from n8n_scraper.items import LAYERS, QUALITY_BANDS, WorkflowItem
from n8n_scraper.layers.workflow_json import STICKY_NOTE, edges_of, nodes_of


class Quality(NamedTuple):
    score: float | None
    """0 to 100; None without content."""
    band: str | None
    missing: list[str]
    """What cost points, in the order of the tables."""


class Rule(NamedTuple):
    points: int
    reason: str
    """Said when the rule does not hold."""
    holds: Callable[[WorkflowItem], bool]


_TRIGGER = re.compile(r".*(?:Trigger|\.(?:webhook|start|cron|interval|emailReadImap))")
_NUMBERED = re.compile(r".*[^\W\d_]\s?\d{1,2}")
_SETUP = re.compile(
    r"(?i)set[ -]?up|steps?\b|configur|prerequisite|requirement|need|how to use|install|getting started|guide|instruct"
)
_PURPOSE = re.compile(
    r"(?i)how .{0,30}works?|what .{0,40}do|overview|about|purpose|use case|who |who's|why|benefit|feature|description"
)
_SIGNS = re.compile(r"[\W_]+")
_CHANGES = ("customis", "customiz", "adapt", "extend", "modif", "tailor", "adjust")
_MAX_SERVICES = 200
_GENERIC_NODES = """
    agent aggregate code cron executeworkflow filter function functionitem httprequest if limit manual merge noop
    schedule set splitinbatches splitout start switch wait
"""
_GENERIC = frozenset(_GENERIC_NODES.split())
"""Nodes that no text needs to name, as their type says it, without the endings Trigger and Tool."""


def _nodes(item: WorkflowItem) -> list[dict[str, Any]]:
    nodes = nodes_of(item.workflow) if item.workflow else ()
    return [node for node in nodes if node.get("type") != STICKY_NOTE]


def _names(item: WorkflowItem) -> list[str]:
    return [name for node in _nodes(item) if isinstance(name := node.get("name"), str) and name]


def _every_node_has(*keys: str) -> Callable[[WorkflowItem], bool]:
    return lambda item: all(node.get(key) not in (None, "", []) for node in _nodes(item) for key in keys)


def _has_own_names(item: WorkflowItem) -> bool:
    names = _names(item)
    return 4 * sum(_NUMBERED.fullmatch(name) is not None for name in names) <= len(names)


def _handles_errors(item: WorkflowItem) -> bool:
    """A node goes on, tries again, or another workflow is told when something fails."""
    workflow = item.workflow or {}
    settings = workflow.get("settings")
    if isinstance(settings, dict) and settings.get("errorWorkflow"):
        return True
    keys = ("onError", "retryOnFail", "continueOnFail")
    return any(node.get(key) for node in _nodes(item) for key in keys) or any(
        kind.endswith((".errorTrigger", ".stopAndError")) for kind in item.node_types or ()
    )


def _has_heading(item: WorkflowItem, pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(section["title"]) for section in item.sections or ())


def _has_word(item: WorkflowItem, words: Sequence[str]) -> bool:
    text = (item.explainer_text or "").lower()
    return any(word in text for word in words)


def _text_length(item: WorkflowItem) -> int:
    return len((item.description or "").strip())


def _notes(item: WorkflowItem) -> int:
    return sum(bool(note["text"].strip()) for note in item.sticky_notes or ())


def _edges_meet_nodes(item: WorkflowItem) -> bool:
    nodes = nodes_of(item.workflow) if item.workflow else ()
    names = {name for node in nodes if isinstance(name := node.get("name"), str)}
    return all(edge.source in names and edge.target in names for edge in edges_of(item.workflow or {}))


def _is_connected(item: WorkflowItem) -> bool:
    ends = {name for edge in edges_of(item.workflow or {}) for name in (edge.source, edge.target)}
    names = _names(item)
    return item.node_count == 1 or (len(names) == item.node_count and ends.issuperset(names))


def _squeezed(text: str) -> str:
    return _SIGNS.sub("", text.lower())


def _names_a_service(item: WorkflowItem) -> bool:
    if item.explainer_text is None:  # not asked for, or failed
        return True
    words = {_squeezed(re.sub(r"(?:Trigger|Tool)\Z", "", kind.rpartition(".")[2])) for kind in item.node_types or ()}
    services = sorted(words - _GENERIC)[:_MAX_SERVICES]
    text = f"{item.name} {item.explainer_text}".lower()
    if not services or any(service in text for service in services):
        return True
    squeezed = _squeezed(text)
    return any(service in squeezed for service in services)


METADATA_RULES = (
    Rule(20, "no title", lambda item: bool((item.name or "").strip())),
    Rule(5, "title of fewer than three words", lambda item: len((item.name or "").split()) >= 3),
    Rule(15, "no author", lambda item: bool(item.author_name)),
    Rule(5, "no user name of the author", lambda item: bool(item.author_username)),
    Rule(15, "no category", lambda item: bool(item.categories)),
    Rule(15, "no date of publication", lambda item: item.created_at is not None),
    Rule(10, "views unknown", lambda item: item.views is not None),
    Rule(10, "no canonical address", lambda item: bool(item.url)),
    Rule(5, "price unknown", lambda item: item.is_paid is not None),
)
WORKFLOW_RULES = (
    Rule(15, "no nodes", lambda item: bool(item.node_count)),
    Rule(10, "fewer than three nodes", lambda item: (item.node_count or 0) >= 3),
    Rule(5, "fewer than six nodes", lambda item: (item.node_count or 0) >= 6),
    Rule(15, "no trigger", lambda item: any(map(_TRIGGER.fullmatch, item.node_types or ()))),
    Rule(10, "no connections", lambda item: bool(item.connection_count)),
    Rule(5, "a node without a name", lambda item: len(_names(item)) == len(_nodes(item))),
    Rule(10, "a node without type or version", _every_node_has("type", "typeVersion")),
    Rule(5, "a node without an id", _every_node_has("id")),
    Rule(5, "a node without a position", _every_node_has("position")),
    Rule(10, "over a quarter of the nodes only have numbered names", _has_own_names),
    Rule(10, "no node handles errors", _handles_errors),
)
EXPLAINER_RULES = (
    Rule(5, "no description", lambda item: _text_length(item) > 0),
    Rule(5, "description under 500 characters", lambda item: _text_length(item) >= 500),
    Rule(10, "description under 1,500 characters", lambda item: _text_length(item) >= 1_500),
    Rule(10, "description under 3,000 characters", lambda item: _text_length(item) >= 3_000),
    Rule(10, "fewer than three headings", lambda item: len(item.sections or ()) >= 3),
    Rule(10, "no heading for what it is and does", lambda item: _has_heading(item, _PURPOSE)),
    Rule(10, "no heading for setting it up", lambda item: _has_heading(item, _SETUP)),
    Rule(5, "nothing on changing it", lambda item: _has_word(item, _CHANGES)),
    Rule(15, "no sticky notes", lambda item: _notes(item) > 0),
    Rule(5, "fewer than one sticky note for six nodes", lambda item: 6 * _notes(item) >= (item.node_count or 0)),
    Rule(10, "no image and no video", lambda item: bool(item.images or item.videos)),
    Rule(5, "no links", lambda item: bool(item.links)),
)
CONSISTENCY_RULES = (
    Rule(25, "two nodes with one name", lambda item: len(set(_names(item))) == len(_names(item))),
    Rule(25, "a connection to or from a node that is not there", _edges_meet_nodes),
    Rule(25, "a node that is not connected", _is_connected),
    Rule(15, "the text names none of the services used", _names_a_service),
    Rule(10, "an image that cannot be found", lambda item: "](fileId:" not in (item.description or "")),
)


class _Part(NamedTuple):
    name: str
    status: str
    """The column with the status of the layer without which there is nothing to judge."""
    rules: tuple[Rule, ...]


_PARTS = (
    _Part("metadata", LAYERS[1], METADATA_RULES),
    _Part("workflow JSON", LAYERS[2], WORKFLOW_RULES),
    _Part("explainer", LAYERS[3], EXPLAINER_RULES),
    _Part("consistency", LAYERS[2], CONSISTENCY_RULES),
)
"""In the order of the weights."""


def score(item: WorkflowItem, weights: Sequence[float]) -> Quality:
    """Score, band and reasons of one workflow; ``weights`` are those of layers 1, 2, 3 and consistency."""
    if item.content_hash is None:
        return Quality(None, None, [])
    earned = total = 0.0
    missing: list[str] = []
    for weight, part in zip(weights, _PARTS, strict=True):
        if weight and getattr(item, part.status) != "skipped":
            share, reasons = _judge(item, part)
            earned, total = earned + weight * share, total + weight
            missing += reasons
    if not total:
        return Quality(None, None, [])
    points = round(100 * earned / total, 2)
    points = min(points, 99.99) if missing else points
    return Quality(points, next(band for band, least in QUALITY_BANDS.items() if points >= least), missing)


def _judge(item: WorkflowItem, part: _Part) -> tuple[float, list[str]]:
    """The share of the points that one part earned, and what cost the others."""
    status = getattr(item, part.status)
    if status != "ok":
        return 0.0, [f"{part.name}: {status}"]
    lost = [rule for rule in part.rules if not rule.holds(item)]
    return 1 - sum(rule.points for rule in lost) / 100, [rule.reason for rule in lost]
