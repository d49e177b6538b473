"""The Nuxt payload: a value as devalue's flat array, in which each element names others by their place. Pure."""

from __future__ import annotations

import json
from typing import Any


def flatten(value: Any) -> list[Any]:
    """``{"a": [7]}`` → ``[["ShallowReactive", 1], {"a": 2}, [3], 7]``, as Nuxt wraps its root."""
    flat: list[Any] = [["ShallowReactive", 1]]
    _place(value, flat)
    return flat


def _place(value: Any, flat: list[Any]) -> int:
    index = len(flat)
    flat.append(None)
    if isinstance(value, dict):
        flat[index] = {key: _place(member, flat) for key, member in value.items()}
    elif isinstance(value, (list, tuple)):
        flat[index] = [_place(member, flat) for member in value]
    else:
        flat[index] = value
    return index


def payload_script(data: dict[str, Any]) -> str:
    """``data`` is keyed as Nuxt keeps what a page has fetched."""
    text = json.dumps(flatten({"data": data, "state": {}, "once": [], "serverRendered": True}))
    return (
        '<script type="application/json" data-nuxt-data="nuxt-app" data-ssr="true" id="__NUXT_DATA__">'
        + text.replace("<", "\\u003c")
        + "</script>"
    )
