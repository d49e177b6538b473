"""Layer 2: the workflow JSON as published, and counts taken from it, not from what the site says of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from n8n_scraper.items import WorkflowItem
from n8n_scraper.site.values import MAX_LABEL

STICKY_NOTE = "n8n-nodes-base.stickyNote"


class Edge(NamedTuple):
    source: str
    kind: str
    """main, or one of the ai_… kinds."""
    target: str


def fill_workflow(item: WorkflowItem, answer: dict[str, Any]) -> None:
    """Fills the columns of layer 2 when the answer has a workflow.

    All nodes are counted: AI, community and disabled ones too. What is no object is not a node. A node without a type,
    or with one longer than 255 characters, is counted in node_count but not in node_types.
    """
    workflow = read_workflow(answer)
    if workflow is None:
        return
    nodes = list(nodes_of(workflow))
    types = Counter(node_type for node in nodes if (node_type := _type(node)) and node_type != STICKY_NOTE)
    item.workflow = workflow
    item.sticky_note_count = sum(_type(node) == STICKY_NOTE for node in nodes)
    item.node_count = len(nodes) - item.sticky_note_count
    item.connection_count = sum(1 for _ in edges_of(workflow))
    item.node_types = sorted(types)
    item.node_type_counts = {node_type: types[node_type] for node_type in item.node_types}


def read_workflow(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The inner workflow; None when it is no object with a list of nodes (an empty list is one)."""
    workflow = answer.get("workflow")
    return workflow if isinstance(workflow, dict) and isinstance(workflow.get("nodes"), list) else None


def nodes_of(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (node for node in workflow["nodes"] if isinstance(node, dict))


def edges_of(workflow: dict[str, Any]) -> Iterator[Edge]:
    """Every published edge, in order, also those from or to a node that is not there (consistency judges them).

    Connections are ``{source name: {kind: [slot, …]}}``, a slot is a list of ``{node, type, index}``, or null.
    Entries that name no node (null, text, numbers) are not edges.
    """
    connections = workflow.get("connections")
    for source, kinds in connections.items() if isinstance(connections, dict) else ():
        for kind, slots in kinds.items() if isinstance(kinds, dict) else ():
            for slot in slots if isinstance(slots, list) else ():
                for entry in slot if isinstance(slot, list) else ():
                    if isinstance(entry, dict) and isinstance(entry.get("node"), str):
                        yield Edge(source, kind, entry["node"])


def _type(node: dict[str, Any]) -> str | None:
    node_type = node.get("type")
    return node_type if isinstance(node_type, str) and 0 < len(node_type) <= MAX_LABEL else None
