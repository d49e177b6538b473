"""The endpoints under ``/__``: for people and tests, never logged and never counted."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from n8n_scraper.replica.server import Replica


async def control(replica: Replica, request: web.BaseRequest) -> web.StreamResponse:
    match request.path:
        case "/__stats":
            return _json(replica.traffic.as_dict())
        case "/__library":
            return _json([asdict(entry) for _, entry in sorted(replica.library.entries.items())])
    return web.Response(status=404, text="Not found")


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
