"""All traps by name, and which template gets which. Pure."""

from __future__ import annotations

import math

from n8n_scraper.replica import hostile_traps, node_traps, text_traps, workflow_traps
from n8n_scraper.replica.canvas import Canvas, add_documents
from n8n_scraper.replica.drafts import Change, Draft, Rename


def _all_connection_types(draft: Draft) -> None:
    canvas = Canvas(draft.rng)
    add_documents(canvas)
    draft.workflow.update(nodes=canvas.nodes, connections=canvas.connections)


RENAMES: dict[str, Rename] = {**text_traps.RENAMES, **hostile_traps.RENAMES}
CHANGES: dict[str, Change] = {
    **text_traps.CHANGES,
    **node_traps.CHANGES,
    **workflow_traps.CHANGES,
    **hostile_traps.CHANGES,
    "all_connection_types": _all_connection_types,
}

_HOSTILE = (*hostile_traps.RENAMES, *hostile_traps.CHANGES)
REAL_TRAPS: tuple[str, ...] = tuple(name for name in (*RENAMES, *CHANGES) if name not in _HOSTILE)
ALL_TRAPS: tuple[str, ...] = (*REAL_TRAPS, *_HOSTILE)


def trap_of(ordinal: int, share: float, *, hostile: bool) -> str | None:
    """The trap of the n-th listed template, from 0: ``share`` of them have one, and all traps take their turn."""
    turn = math.floor((ordinal + 1) * share)
    if turn == math.floor(ordinal * share):
        return None
    names = ALL_TRAPS if hostile else REAL_TRAPS
    return names[(turn - 1) % len(names)]
