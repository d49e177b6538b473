"""Generated workflows: nodes, sticky notes and connections, as n8n's editor writes them. Pure."""

from __future__ import annotations

import random
from typing import Any

from n8n_scraper.replica import vocabulary
from n8n_scraper.replica.catalogue import BY_ROLE, BY_TYPE, STICKY_NOTE, NodeKind
from n8n_scraper.replica.parameters import parameters
from n8n_scraper.replica.seeds import uuid_from

SUB_NODES = {
    "model": "ai_languageModel",
    "memory": "ai_memory",
    "tool": "ai_tool",
    "parser": "ai_outputParser",
}
"""Role of a node below an agent → the type of its connection to the agent."""
_STEP = 220


class Canvas:
    """A workflow under construction; positions grow to the right, sub-nodes hang below, notes lie above."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.nodes: list[dict[str, Any]] = []
        self.connections: dict[str, dict[str, list[Any]]] = {}
        self._names: dict[str, int] = {}
        self._x = 0

    def add(self, kind: NodeKind, *, below: bool = False) -> str:
        """Add a node of this kind; its unique name is returned."""
        name = self._unique(kind.title)
        if not below:
            self._x += _STEP
        node = {
            "id": uuid_from(self.rng),
            "name": name,
            "type": kind.type,
            "position": [self._x + (20 * len(self.nodes) if below else 0), 200 if below else self.rng.choice((-40, 0))],
            "parameters": parameters(self.rng, kind),
            "typeVersion": kind.version,
        }
        if kind.role in {"action", "model", "embedding"}:
            short = kind.type.rpartition(".")[2]
            node["credentials"] = {f"{short}Api": {"id": uuid_from(self.rng)[:16], "name": f"{kind.title} account"}}
        self.nodes.append(node)
        return name

    def connect(self, source: str, target: str, type: str = "main", output: int = 0) -> None:
        slots = self.connections.setdefault(source, {}).setdefault(type, [])
        slots.extend([] for _ in range(output + 1 - len(slots)))
        slots[output].append({"node": target, "type": type, "index": 0})

    def add_note(self, content: str) -> None:
        number = sum(node["type"] == STICKY_NOTE for node in self.nodes)
        size = {
            "color": self.rng.randint(1, 7),
            "width": self.rng.randrange(240, 900, 20),
            "height": self.rng.randrange(160, 600, 20),
        }
        self.nodes.append(
            {
                "id": uuid_from(self.rng),
                "name": self._unique("Sticky Note"),
                "type": STICKY_NOTE,
                "position": [number * 2 * _STEP, -320 + 80 * (number % 2)],
                "parameters": {**size, "content": content},
                "typeVersion": 1,
            }
        )

    def _unique(self, title: str) -> str:
        seen = self._names.get(title, 0)
        self._names[title] = seen + 1
        return f"{title}{seen}" if seen else title


def build(rng: random.Random, length: int) -> Canvas:
    """A connected workflow with about ``length`` nodes of the main line, and sticky notes for nearly all."""
    canvas = Canvas(rng)
    last = canvas.add(rng.choice(BY_ROLE["trigger"]))
    while len(canvas.nodes) < length:
        last = rng.choices((_single, _branch, _agent), weights=(8, 2, 2))[0](canvas, last)
    if rng.random() < 0.88:
        for _ in range(max(1, round(len(canvas.nodes) * rng.uniform(0.2, 0.6)))):
            canvas.add_note(note_text(rng))
    rng.shuffle(canvas.nodes)
    return canvas


def note_text(rng: random.Random) -> str:
    lines = rng.sample(vocabulary.NOTE_TEXTS, k=rng.randint(1, 4))
    return f"## {rng.choice(vocabulary.NOTE_TITLES)}\n" + "\n".join(f"- {line}" for line in lines)


def add_documents(canvas: Canvas) -> None:
    """A vector store with all its parts: the connection types that only retrieval has."""
    store = canvas.add(BY_ROLE["store"][0])
    chain = {"embedding": "ai_embedding", "document": "ai_document"}
    names = {role: canvas.add(BY_ROLE[role][0], below=True) for role in (*chain, "splitter", "retriever")}
    for role, type_ in chain.items():
        canvas.connect(names[role], store, type_)
    canvas.connect(names["splitter"], names["document"], "ai_textSplitter")
    canvas.connect(store, names["retriever"], "ai_vectorStore")
    agent = _agent(canvas, store)
    canvas.connect(names["retriever"], agent, "ai_tool")


def _single(canvas: Canvas, last: str) -> str:
    role = canvas.rng.choices(("action", "logic"), weights=(5, 6))[0]
    name = canvas.add(canvas.rng.choice(BY_ROLE[role]))
    canvas.connect(last, name)
    return name


def _branch(canvas: Canvas, last: str) -> str:
    branch = canvas.add(canvas.rng.choice(BY_ROLE["branch"]))
    canvas.connect(last, branch)
    below, after = (
        canvas.add(canvas.rng.choice(BY_ROLE["action"]), below=True),
        canvas.add(BY_TYPE["n8n-nodes-base.merge"]),
    )
    canvas.connect(branch, after, output=0)
    canvas.connect(branch, below, output=1)
    canvas.connect(below, after)
    return after


def _agent(canvas: Canvas, last: str) -> str:
    agent = canvas.add(BY_ROLE["agent"][0])
    canvas.connect(last, agent)
    for role in ("model", *canvas.rng.sample(("memory", "tool", "parser"), k=canvas.rng.randint(0, 3))):
        canvas.connect(canvas.add(canvas.rng.choice(BY_ROLE[role]), below=True), agent, SUB_NODES[role])
    return agent
