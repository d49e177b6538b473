"""What differs between two versions of a template, in words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from n8n_scraper.layers.workflow_json import STICKY_NOTE, edges_of, nodes_of
from n8n_scraper.printable import printable

MAX_SHOWN = 5
"""Nodes, fields and keys named in one sentence; the rest is counted."""
MAX_NAME = 60
NOTHING_STORED = "nothing that is stored: what changed was redacted, or repaired"

Node = dict[str, Any]


class Content(NamedTuple):
    """One version of a template, as stored."""

    source: str
    name: str | None
    description: str | None
    workflow: dict[str, Any] | None


def differences(before: Content, after: Content) -> list[str]:
    """Sentences fit to be printed, in a fixed order; never none.

    Nodes are the same node where their id, or else their name, is the same and stands for one node only.
    """
    found = [*_source(before, after), *_name(before, after), *_description(before, after)]
    if before.workflow is None or after.workflow is None:
        found += _presence(before.workflow, after.workflow)
    else:
        found += _workflow(before.workflow, after.workflow)
    return found or [NOTHING_STORED]


def _source(before: Content, after: Content) -> Iterator[str]:
    if before.source != after.source:
        names = {"api": "the API", "page": "the page"}
        yield f"read from {names[after.source]}, before from {names[before.source]}"


def _name(before: Content, after: Content) -> Iterator[str]:
    if before.name != after.name:
        yield f"name: {_quoted(before.name)} → {_quoted(after.name)}"


def _description(before: Content, after: Content) -> Iterator[str]:
    old, new = before.description, after.description
    if old == new:
        return
    if old is None or new is None:
        yield f"description: {'not there any more' if new is None else 'not there before'}"
        return
    old_lines, new_lines = Counter(old.split("\n")), Counter(new.split("\n"))
    added, removed = (new_lines - old_lines).total(), (old_lines - new_lines).total()
    lines = f"lines: {added} new, {removed} not there any more" if added or removed else "the order of its lines"
    yield f"description: {len(old):,} → {len(new):,} characters; {lines}"


def _presence(old: Any, new: Any) -> Iterator[str]:
    if old is not None or new is not None:
        yield f"workflow: {'not there any more' if new is None else 'not there before'}"


def _workflow(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    is_note: Callable[[Node], bool] = lambda node: node.get("type") == STICKY_NOTE  # noqa: E731 - a word for the two lines below
    yield from _nodes("nodes", *([n for n in nodes_of(w) if not is_note(n)] for w in (old, new)))
    yield from _nodes("sticky notes", *([n for n in nodes_of(w) if is_note(n)] for w in (old, new)))
    yield from _connections(old, new)
    rest = [{k: v for k, v in workflow.items() if k not in ("nodes", "connections")} for workflow in (old, new)]
    if keys := _differing(*rest):
        yield f"other keys of the workflow: {_listed(keys)}"


def _nodes(label: str, old: Sequence[Node], new: Sequence[Node]) -> Iterator[str]:
    pairs, removed, added = _paired(old, new)
    changed = [f"{_title(after)}: {_listed(_fields(before, after))}" for before, after in pairs if before != after]
    parts = [
        (len(added), "added", ", ".join(map(_title, added[:MAX_SHOWN]))),
        (len(removed), "removed", ", ".join(map(_title, removed[:MAX_SHOWN]))),
        (len(changed), "changed", "; ".join(changed[:MAX_SHOWN])),
    ]
    told = [f"{count} {what} ({names}{_more(count)})" for count, what, names in parts if count]
    if told:
        yield f"{label}: {', '.join(told)}"
    elif old != new:
        yield f"{label}: their order"


def _paired(old: Sequence[Node], new: Sequence[Node]) -> tuple[list[tuple[Node, Node]], list[Node], list[Node]]:
    """Pairs, what is left of the old ones, what is left of the new ones."""
    pairs: list[tuple[Node, Node]] = []
    left, right = list(old), list(new)
    for key in ("id", "name"):
        theirs, ours = _by_unique(right, key), _by_unique(left, key)
        found = [(node, theirs[value]) for value, node in ours.items() if value in theirs]
        pairs += found
        left = _without(left, [before for before, _ in found])
        right = _without(right, [after for _, after in found])
    for node in list(left):  # those without a name of their own
        if node in right:
            left.remove(node)
            right.remove(node)
    return pairs, left, right


def _by_unique(nodes: Sequence[Node], key: str) -> dict[str, Node]:
    counts = Counter(value for node in nodes if isinstance(value := node.get(key), str))
    return {node[key]: node for node in nodes if isinstance(node.get(key), str) and counts[node[key]] == 1}


def _without(nodes: list[Node], taken: Sequence[Node]) -> list[Node]:
    marks = {id(node) for node in taken}
    return [node for node in nodes if id(node) not in marks]


def _fields(before: Node, after: Node) -> list[str]:
    """Fields of a node that differ, those of ``parameters`` one by one."""
    fields: list[str] = []
    for key in _differing(before, after):
        inner = (before.get(key), after.get(key))
        if key == "parameters" and all(isinstance(value, dict) for value in inner):
            fields += [f"parameters.{name}" for name in _differing(*inner)]
        else:
            fields.append(key)
    return fields


def _connections(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before, after = Counter(edges_of(old)), Counter(edges_of(new))
    added, removed = (after - before).total(), (before - after).total()
    told = [f"{count} {what}" for count, what in ((added, "added"), (removed, "removed")) if count]
    if told:
        yield f"connections: {', '.join(told)}"
    elif old.get("connections") != new.get("connections"):
        yield "connections: their order or places"


def _differing(old: Any, new: Any) -> list[str]:
    keys = dict.fromkeys([*old, *new])
    return [key for key in keys if key not in old or key not in new or old[key] != new[key]]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(printable(name, MAX_NAME) for name in names[:MAX_SHOWN]) + _more(len(names))


def _more(count: int) -> str:
    return f" and {count - MAX_SHOWN} more" if count > MAX_SHOWN else ""


def _title(node: Node) -> str:
    name = node.get("name") or node.get("type")
    return printable(name, MAX_NAME) if isinstance(name, str) else "without a name"


def _quoted(text: str | None) -> str:
    return "none" if text is None else f"“{printable(text)}”"
