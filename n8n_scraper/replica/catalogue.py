"""Node types and categories of the generated library, and the entries of the outer ``nodes[]``. Pure."""

from __future__ import annotations

import base64
import json
import random
from functools import cache
from typing import Any, NamedTuple

from n8n_scraper.replica.seeds import seeded

BASE, CHAIN = "n8n-nodes-base.", "@n8n/n8n-nodes-langchain."
STICKY_NOTE = f"{BASE}stickyNote"


class NodeKind(NamedTuple):
    """A node type: ``role`` is its place in a workflow, ``version`` the newest typeVersion."""

    type: str
    title: str
    version: float
    role: str
    category: str


def _kinds(prefix: str, role: str, category: str, rows: dict[str, tuple[str, float]]) -> list[NodeKind]:
    return [NodeKind(prefix + name, title, version, role, category) for name, (title, version) in rows.items()]


KINDS: tuple[NodeKind, ...] = (
    *_kinds(BASE, "trigger", "Core Nodes", {
        "manualTrigger": ("Manual Trigger", 1), "scheduleTrigger": ("Schedule Trigger", 1.2),
        "webhook": ("Webhook", 2), "formTrigger": ("n8n Form Trigger", 2.2),
        "gmailTrigger": ("Gmail Trigger", 1.3), "telegramTrigger": ("Telegram Trigger", 1.2),
    }),
    *_kinds(BASE, "action", "Communication", {
        "gmail": ("Gmail", 2.1), "telegram": ("Telegram", 1.2), "slack": ("Slack", 2.3),
        "emailSend": ("Send Email", 2.1), "discord": ("Discord", 2), "mattermost": ("Mattermost", 1),
    }),
    *_kinds(BASE, "action", "Data & Storage", {
        "googleSheets": ("Google Sheets", 4.6), "googleDrive": ("Google Drive", 3), "airtable": ("Airtable", 2.1),
        "postgres": ("Postgres", 2.6), "supabase": ("Supabase", 1), "redis": ("Redis", 1),
    }),
    *_kinds(BASE, "action", "Productivity", {
        "notion": ("Notion", 2.2), "googleCalendar": ("Google Calendar", 1.3), "googleDocs": ("Google Docs", 2),
        "trello": ("Trello", 1), "todoist": ("Todoist", 2.1),
    }),
    *_kinds(BASE, "action", "Development", {
        "httpRequest": ("HTTP Request", 4.2), "github": ("GitHub", 1.1), "jira": ("Jira Software", 1),
    }),
    *_kinds(BASE, "logic", "Core Nodes", {
        "set": ("Edit Fields", 3.4), "code": ("Code", 2), "splitOut": ("Split Out", 1), "aggregate": ("Aggregate", 1),
        "merge": ("Merge", 3.2), "wait": ("Wait", 1.1), "filter": ("Filter", 2.2), "limit": ("Limit", 1),
    }),
    *_kinds(BASE, "branch", "Core Nodes", {"if": ("If", 2.2), "switch": ("Switch", 3.2)}),
    *_kinds(CHAIN, "agent", "AI", {"agent": ("AI Agent", 2), "chainLlm": ("Basic LLM Chain", 1.7)}),
    *_kinds(CHAIN, "model", "AI", {
        "lmChatOpenAi": ("OpenAI Chat Model", 1.2), "lmChatGoogleGemini": ("Google Gemini Chat Model", 1),
        "lmChatAnthropic": ("Anthropic Chat Model", 1.3),
    }),
    *_kinds(CHAIN, "memory", "AI", {"memoryBufferWindow": ("Simple Memory", 1.3)}),
    *_kinds(CHAIN, "tool", "AI", {"toolHttpRequest": ("HTTP Tool", 1.1), "toolCalculator": ("Calculator", 1)}),
    *_kinds(CHAIN, "parser", "AI", {"outputParserStructured": ("Structured Output Parser", 1.2)}),
    *_kinds(CHAIN, "store", "AI", {"vectorStoreInMemory": ("Simple Vector Store", 1.1)}),
    *_kinds(CHAIN, "retriever", "AI", {"toolVectorStore": ("Answer from Documents", 1)}),
    *_kinds(CHAIN, "embedding", "AI", {"embeddingsOpenAi": ("Embeddings OpenAI", 1.2)}),
    *_kinds(CHAIN, "document", "AI", {"documentDefaultDataLoader": ("Default Data Loader", 1)}),
    *_kinds(CHAIN, "splitter", "AI", {"textSplitterRecursiveCharacterTextSplitter": ("Text Splitter", 1)}),
    *_kinds(BASE, "note", "Core Nodes", {"stickyNote": ("Sticky Note", 1)}),
)  # fmt: skip

BY_TYPE = {kind.type: kind for kind in KINDS}
BY_ROLE: dict[str, tuple[NodeKind, ...]] = {
    role: tuple(kind for kind in KINDS if kind.role == role) for role in dict.fromkeys(kind.role for kind in KINDS)
}

CATEGORIES: dict[str, int] = {
    "Engineering": 5, "DevOps": 16, "HR": 17, "AI": 25, "SecOps": 29, "Content Creation": 31, "Market Research": 32,
    "Social Media": 33, "Invoice Processing": 34, "Document Extraction": 35, "File Management": 36,
    "Lead Generation": 37, "Lead Nurturing": 38, "CRM": 39, "Support Chatbot": 40, "Ticket Management": 41,
    "Internal Wiki": 42, "Personal Productivity": 43, "Crypto Trading": 44, "Miscellaneous": 45,
    "Project Management": 46, "AI Chatbot": 47, "AI RAG": 48, "AI Summarization": 49, "Multimodal AI": 51,
}  # fmt: skip
_NODE_CATEGORIES = {
    "Communication": 6,
    "Data & Storage": 3,
    "Productivity": 4,
    "Development": 5,
    "Core Nodes": 9,
    "AI": 25,
}


@cache
def entry_json(type: str, icon_bytes: int) -> bytes:
    """One entry of the outer ``nodes[]``; ``icon_bytes`` is the mean size of its icon, 0 leaves the drawing empty."""
    return json.dumps(_entry(BY_TYPE[type], icon_bytes), separators=(",", ":")).encode()


def _entry(kind: NodeKind, icon_bytes: int) -> dict[str, Any]:
    rng = seeded(kind.type)
    short = kind.type.rpartition(".")[2]
    size = int(icon_bytes * rng.choice((0.4, 0.8, 1.0, 1.3, 1.5)))
    data = {
        "alias": [kind.title.upper(), short],
        "resources": {
            "generic": [{"url": f"https://n8n.io/blog/{short}-{n}/", "icon": "📎", "label": f"{kind.title}, part {n}"}
                        for n in range(rng.randint(0, size // 200 + 1))],
            "primaryDocumentation": [{"url": f"https://docs.n8n.io/integrations/{short}/"}],
        },
        "categories": [kind.category], "nodeVersion": "1.0", "codexVersion": "1.0",
    }  # fmt: skip
    return {
        "id": KINDS.index(kind) + 10, "icon": f"file:{short}.svg", "name": kind.type, "codex": {"data": data},
        "group": json.dumps(["trigger" if kind.role == "trigger" else "transform"]), "defaults": {"name": kind.title},
        "iconData": {"type": "file", "fileBuffer": "data:image/svg+xml;base64," + _drawing(rng, size)},
        "displayName": kind.title, "typeVersion": int(kind.version),
        "nodeCategories": [{"id": _NODE_CATEGORIES[kind.category], "name": kind.category}],
    }  # fmt: skip


def _drawing(rng: random.Random, size: int) -> str:
    points = " ".join(f"L{rng.randint(0, 600) / 10} {rng.randint(0, 600) / 10}" for _ in range(size // 14))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 60"><path d="M0 0 {points}Z"/></svg>'
    return base64.b64encode(svg.encode()).decode()
