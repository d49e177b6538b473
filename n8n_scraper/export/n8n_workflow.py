"""A stored workflow as a file that n8n imports. Pure.

The keys are those that an import was measured with (n8n 1.123): name, nodes, connections, active, settings and
versionId; besides them meta, and pinData where there is some. What the published JSON has that no editor takes (a node
without a type, a list of connections) is mended or left out, and told.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from n8n_scraper.layers.workflow_json import STICKY_NOTE
from n8n_scraper.printable import printable
from n8n_scraper.site.markdown_escapes import escape_text, link_target

_NAMESPACE = UUID("6e386e5f-7363-5261-8065-725f6e386e5f")
"""Of all ids made here, so that the same content gives the same file."""
MAX_NAME = 128
"""What n8n's column holds."""
MAX_SLUG = 80
_NOTE_WIDTH, _NOTE_HEIGHT, _NOTE_GAP = 420, 180, 40
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")

Node = dict[str, Any]


class Template(NamedTuple):
    """What a file is made of: columns of a row, the workflow parsed."""

    id: int
    name: str | None
    slug: str | None
    url: str
    author_name: str | None
    author_username: str | None
    content_hash: str
    workflow: Mapping[str, Any]


class Importable(NamedTuple):
    text: bytes
    mended: list[str]
    """What had to be changed, in words."""


def file_name(id: int, slug: str | None) -> str:
    """``<id>-<slug>.json`` of letters, digits and hyphens, in at most 96 characters."""
    safe = _NOT_IN_A_NAME.sub("-", (slug or "").lower())[:MAX_SLUG].strip("-")
    return f"{id}-{safe}.json" if safe else f"{id}.json"


def importable(template: Template) -> Importable:
    """The file of a template; the same content gives the same bytes."""
    mended: list[str] = []
    workflow = template.workflow
    nodes = list(_nodes(template, mended))
    document = {
        "name": ((template.name or "").strip() or f"Template {template.id}")[:MAX_NAME],
        "nodes": [*nodes, _attribution(template, nodes)],
        "connections": _object(workflow, "connections", mended),
        "active": False,
        "settings": _object(workflow, "settings", mended),
        "versionId": str(version_id(template.content_hash)),
        "meta": _meta(template),
    }
    if isinstance(workflow.get("pinData"), dict) and workflow["pinData"]:
        document["pinData"] = workflow["pinData"]
    return Importable(json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n", mended)


def version_id(content_hash: str) -> UUID:
    return uuid5(_NAMESPACE, content_hash)


def _meta(template: Template) -> dict[str, str]:
    meta = {
        "templateId": str(template.id),  # as n8n itself writes it
        "url": template.url,
        "author": template.author_name,
        "authorUsername": template.author_username,
    }
    return {key: value for key, value in meta.items() if value}


def _object(workflow: Mapping[str, Any], key: str, mended: list[str]) -> dict[str, Any]:
    value = workflow.get(key)
    if isinstance(value, dict):
        return value
    if value:
        mended.append(f"{key}: no object, left out")
    return {}


def _nodes(template: Template, mended: list[str]) -> Iterator[Node]:
    nodes = template.workflow.get("nodes")
    for index, node in enumerate(nodes if isinstance(nodes, list) else ()):
        if isinstance(node, dict) and isinstance(node.get("type"), str) and node["type"]:
            complete = _complete(template.id, index, node)
            if wrong := [
                key for key in node if type(complete[key]) is not type(node[key]) or complete[key] != node[key]
            ]:
                mended.append(f"node {index}: {', '.join(wrong)}")
            yield complete
        else:
            mended.append(f"node {index}: without a type, left out")


def _complete(id: int, index: int, node: Node) -> Node:
    """The node with all that the editor needs; what was there and fits stays."""
    needed = {
        "id": (_is_text, _id(node.get("id")) or str(uuid5(_NAMESPACE, f"{id}/{index}"))),
        "name": (_is_text, f"{node['type'].rpartition('.')[2]} {index}"),
        "typeVersion": (_is_number, 1),
        "position": (_is_position, [0, 0]),
        "parameters": (lambda value: isinstance(value, dict), {}),
    }
    complete = {**node, **{key: default for key, (fits, default) in needed.items() if not fits(node.get(key))}}
    if "credentials" in node:
        complete["credentials"] = _credentials(node["credentials"])
    return complete


def _id(value: Any) -> str:
    """Numbers are as good as texts."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _credentials(value: Any) -> dict[str, Any]:
    """By type, an object or a name; n8n asks for what it does not find."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {kind: entry for kind, entry in pairs if isinstance(entry, (dict, str))}


def _attribution(template: Template, nodes: list[Node]) -> Node:
    """A sticky note above the workflow. It stays with it when it is copied, which ``meta`` does not."""
    places = [node["position"] for node in nodes]
    left = min((x for x, _ in places), default=0)
    top = min((y for _, y in places), default=0)
    return {
        "id": str(uuid5(_NAMESPACE, f"{template.id}/attribution")),
        "name": _unused("Attribution", {node["name"] for node in nodes}),
        "type": STICKY_NOTE,
        "typeVersion": 1,
        "position": [left, top - _NOTE_HEIGHT - _NOTE_GAP],
        "parameters": {"content": _note(template), "width": _NOTE_WIDTH, "height": _NOTE_HEIGHT},
    }


def _note(template: Template) -> str:
    title = _escaped(template.name or f"Template {template.id}")
    author = _escaped(template.author_name or template.author_username or "unknown")
    told = f"by {author} · n8n template {template.id}\n\nIt belongs to its author: keep this note with it."
    return f"## [{title}]({link_target(template.url)})\n{told}"


def _escaped(text: str) -> str:
    return escape_text(printable(text.strip(), MAX_NAME))


def _unused(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found in taken:
        number, found = number + 1, f"{name} {number}"
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_position(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
