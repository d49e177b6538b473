"""A generated answer before it is written down: what traps work on. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from n8n_scraper.replica.catalogue import STICKY_NOTE

_ENDINGS = ("jpg", "gif", "webp", "svg", *["png"] * 6)
"""About as often as in real templates."""


@dataclass(slots=True)
class Draft:
    """The ``workflow`` member of a detail answer; ``image_base`` is the address that images lie under."""

    answer: dict[str, Any]
    rng: random.Random
    image_base: str

    @property
    def workflow(self) -> dict[str, Any]:
        workflow: dict[str, Any] = self.answer["workflow"]
        return workflow

    @property
    def nodes(self) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = self.workflow["nodes"]
        return nodes

    @property
    def working_nodes(self) -> list[dict[str, Any]]:
        return [node for node in self.nodes if node.get("type") != STICKY_NOTE]

    @property
    def notes(self) -> list[dict[str, Any]]:
        return [node for node in self.nodes if node.get("type") == STICKY_NOTE]

    def some_node(self) -> dict[str, Any]:
        """A node that does something, the same for the same draft."""
        return self.rng.choice(self.working_nodes)

    def write(self, text: str) -> None:
        """Put a paragraph at the end of the description."""
        self.answer["description"] += f"\n{text}\n"

    def note(self, text: str) -> None:
        """Put a text on a sticky note; a workflow without notes gets one."""
        if self.notes:
            self.notes[0]["parameters"]["content"] += f"\n\n{text}"
            return
        self.nodes.append(
            {
                "id": f"note-{self.answer['id']}",
                "name": "Sticky Note",
                "type": STICKY_NOTE,
                "position": [0, -400],
                "parameters": {"content": text, "width": 300, "height": 200},
                "typeVersion": 1,
            }
        )

    def image_url(self) -> str:
        number = self.rng.getrandbits(64)
        return f"{self.image_base}/{number:016x}.{_ENDINGS[number % len(_ENDINGS)]}"

    def video_id(self) -> str:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return "".join(self.rng.choices(letters, k=11))


Change = Callable[[Draft], None]
Rename = Callable[[str, random.Random], str]
