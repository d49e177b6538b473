"""From replies to the wire: whole, slowly, in part, or not at all."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from functools import lru_cache
from typing import Any

import orjson
from aiohttp import web

from n8n_scraper.replica.fault_rules import Fault
from n8n_scraper.replica.replies import Reply

UNANSWERED = frozenset({"no_answer", "reset", "reset_kept_alive"})
"""Kinds of fault after which nothing at all is sent."""
_HOLD_SECONDS, _SLOW_SECONDS, _HUGE_BYTES = 3600.0, 5.0, 50_000_000
_WITHOUT_BODY = frozenset({204, 301, 302, 304})


async def video_of(request: web.BaseRequest) -> str:
    """The id of the video that a request to YouTube is about, "" for none: in the address, or in the body posted."""
    if request.method != "POST":
        return request.query.get("v", "")
    try:
        asked = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return ""
    return str(asked.get("videoId", "")) if isinstance(asked, dict) else ""


def response(request: web.BaseRequest, reply: Reply) -> web.Response:
    """The whole reply, compressed when the client takes that and it is worth it."""
    headers, body = _headers(reply), reply.body
    if _packable(request, reply):
        body = _packed(body)
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=reply.status, body=body, headers=headers)


async def misbehave(request: web.BaseRequest, fault: Fault, reply: Reply) -> web.StreamResponse:
    """Send the reply in the way of the fault; kinds that are an answer of their own are sent like any other."""
    match fault.kind:
        case "no_answer":
            await asyncio.sleep(_HOLD_SECONDS if fault.seconds is None else fault.seconds)
            return reset(request)
        case "reset" | "reset_kept_alive":
            return reset(request)
        case "truncated" | "truncated_chunked":
            return await _truncated(request, reply, chunked=fault.kind == "truncated_chunked")
        case "drip":
            return await _dripping(request, reply, _SLOW_SECONDS if fault.seconds is None else fault.seconds)
        case "huge":
            return await _huge(request, reply, fault.bytes or _HUGE_BYTES)
        case "slow":
            await asyncio.sleep(_SLOW_SECONDS if fault.seconds is None else fault.seconds)
    return response(request, reply)


def reset(request: web.BaseRequest) -> web.Response:
    """Close the connection with RST, as a crashed server or a firewall does."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


def _headers(reply: Reply) -> dict[str, Any]:
    headers: dict[str, Any] = {**reply.headers, "Vary": "Accept-Encoding"}
    if reply.status not in _WITHOUT_BODY:
        is_text = not reply.content_type.startswith("image/")
        headers["Content-Type"] = f"{reply.content_type}; charset=utf-8" if is_text else reply.content_type
    return headers


@lru_cache(maxsize=500)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=1, mtime=0)


def _packable(request: web.BaseRequest, reply: Reply) -> bool:
    return (
        len(reply.body) > 500
        and reply.status not in _WITHOUT_BODY
        and not reply.content_type.startswith("image/")
        and "Content-Encoding" not in reply.headers
        and "gzip" in request.headers.get("Accept-Encoding", "")
    )


async def _begin(request: web.BaseRequest, reply: Reply, length: int | None) -> web.StreamResponse:
    answer = web.StreamResponse(status=reply.status, headers=_headers(reply))
    if length is None:
        answer.enable_chunked_encoding()
    else:
        answer.content_length = length
    await answer.prepare(request)
    return answer


async def _truncated(request: web.BaseRequest, reply: Reply, *, chunked: bool) -> web.StreamResponse:
    answer = await _begin(request, reply, None if chunked else len(reply.body))
    await answer.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return answer


async def _dripping(request: web.BaseRequest, reply: Reply, seconds: float) -> web.StreamResponse:
    answer = await _begin(request, reply, len(reply.body))
    pieces = 10
    size = len(reply.body) // pieces + 1
    for start in range(0, len(reply.body), size):
        await asyncio.sleep(seconds / pieces)
        await answer.write(reply.body[start : start + size])
    return answer


async def _huge(request: web.BaseRequest, reply: Reply, size: int) -> web.StreamResponse:
    answer = await _begin(request, reply, None)
    piece = b" " * (1 << 16)
    for done in range(0, size, len(piece)):
        await answer.write(piece[: size - done])
    return answer
