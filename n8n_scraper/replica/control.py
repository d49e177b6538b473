"""The endpoints under ``/__``: for people and tests, never logged, never counted, never faulty.

``GET /__stats`` counts · ``GET /__library`` every template as an entry · ``GET``, ``PUT`` and ``DELETE /__faults`` the
fault plan in force, which a PUT replaces while requests are under way.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.faults import FaultPlan

if TYPE_CHECKING:
    from n8n_scraper.replica.server import Replica


async def control(replica: Replica, request: web.BaseRequest) -> web.StreamResponse:
    match request.method, request.path:
        case "GET", "/__stats":
            return _json(replica.traffic.as_dict())
        case "GET", "/__library":
            return _json([asdict(entry) for _, entry in sorted(replica.library.entries.items())])
        case "GET", "/__faults":
            return _json(replica.faults.as_dict())
        case "PUT", "/__faults":
            return await _set_faults(replica, request)
        case "DELETE", "/__faults":
            replica.faults = FaultPlan()
            return _json(replica.faults.as_dict())
    return web.Response(status=404, text="Not found")


async def _set_faults(replica: Replica, request: web.BaseRequest) -> web.Response:
    try:
        replica.faults = FaultPlan.parse(orjson.loads(await request.read()), started=time.monotonic())
    except (StartError, ValueError) as error:
        return web.Response(status=400, text=str(error))
    return _json(replica.faults.as_dict())


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
