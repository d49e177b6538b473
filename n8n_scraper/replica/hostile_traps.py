"""What no real template has, but other tools and attackers can send. Off unless asked for. Pure."""

from __future__ import annotations

import random
from typing import Any

import orjson

from n8n_scraper.replica.drafts import Change, Draft, Rename


def _empty_slug(name: str, rng: random.Random) -> str:
    return "🚀 !!! 🚀"


def _empty_name(name: str, rng: random.Random) -> str:
    return ""


RENAMES: dict[str, Rename] = {"empty_slug": _empty_slug, "empty_name": _empty_name}


def _parameter(value: Any) -> Change:
    def change(draft: Draft) -> None:
        draft.some_node()["parameters"]["hostile"] = value

    return change


def _nested(depth: int) -> orjson.Fragment:
    return orjson.Fragment(b"[" * depth + b"]" * depth)


def _nul(draft: Draft) -> None:
    draft.some_node()["parameters"]["hostile"] = "a\u0000b"
    draft.write("A NUL \u0000 in the description.")


def _no_nodes(draft: Draft) -> None:
    draft.workflow.update(nodes=[], connections={})


def _without_connections(draft: Draft) -> None:
    del draft.workflow["connections"]


def _duplicate_keys(draft: Draft) -> None:
    draft.some_node()["parameters"]["hostile"] = orjson.Fragment(b'{"a":1,"a":2}')


def _proto_key(draft: Draft) -> None:
    draft.some_node()["parameters"].update({"__proto__": {"polluted": True}, "constructor": 1, "": "empty key"})


def _description(value: str | None) -> Change:
    def change(draft: Draft) -> None:
        draft.answer["description"] = value

    return change


CHANGES: dict[str, Change] = {
    "nul": _nul,
    "lone_surrogate": _parameter(orjson.Fragment(b'"\\ud83d alone"')),
    "huge_int": _parameter(orjson.Fragment(b"123456789012345678901234567890")),
    "huge_float": _parameter(orjson.Fragment(b"1e400")),
    "not_a_number": _parameter(orjson.Fragment(b"NaN")),
    "deep_300": _parameter(_nested(300)),
    "deep_2000": _parameter(_nested(2000)),
    "no_nodes": _no_nodes,
    "without_connections": _without_connections,
    "duplicate_keys": _duplicate_keys,
    "proto_key": _proto_key,
    "empty_description": _description(""),
    "null_description": _description(None),
}
