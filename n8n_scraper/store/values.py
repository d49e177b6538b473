"""Values on their way into SQL. Pure."""

from __future__ import annotations

import json
from typing import Any

import orjson


def json_text(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # integers beyond 64 bits, or nested deeper than orjson goes
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
