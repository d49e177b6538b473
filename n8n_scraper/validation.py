"""Which values of a row cannot be true. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from n8n_scraper.items import COLUMNS, WorkflowItem

BEFORE_N8N = datetime(2019, 1, 1, tzinfo=timezone.utc)
"""n8n was first published in 2019; no template is older."""
MAX_INT = 2**63 - 1
MAX_TEXT = 10_000
"""Characters of a short text, such as a name."""
SHORT_TEXTS = ("name", "slug", "url", "author_name", "author_username")
CHECKED_COLUMNS = (
    *(column.name for column in COLUMNS if column.name != "id" and column.type in {"int", "number", "timestamp"}),
    *SHORT_TEXTS,
)


def implausible_columns(item: WorkflowItem, latest: datetime) -> list[str]:
    """Columns whose value is outside what it can be; ``latest`` is the last moment a date may name."""
    checks: dict[str, Callable[[Any], bool]] = {
        "int": lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INT,
        "number": lambda value: isinstance(value, (int, float)) and math.isfinite(value) and value >= 0,
        "timestamp": lambda value: isinstance(value, datetime) and BEFORE_N8N <= value <= latest,
    }
    bad = [
        column.name
        for column in COLUMNS
        if column.name != "id"
        and (check := checks.get(column.type))
        and (value := getattr(item, column.name)) is not None
        and not check(value)
    ]
    return bad + [name for name in SHORT_TEXTS if len(getattr(item, name) or "") > MAX_TEXT]
