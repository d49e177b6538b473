"""What a host answers, before it goes over the wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

JSON, HTML, XML, PLAIN = "application/json", "text/html", "application/xml", "text/plain"
JAVASCRIPT = "text/javascript"


class Reply(NamedTuple):
    """``content_type`` is without its charset, which is utf-8 for all but images."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = {}


NOT_FOUND = Reply(404, b"Not found", PLAIN)


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps(value), JSON)


def text_reply(text: str, content_type: str = PLAIN, status: int = 200) -> Reply:
    return Reply(status, text.encode("utf-8", "replace"), content_type)
