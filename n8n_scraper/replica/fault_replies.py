"""Faults that are an answer of their own: statuses, pages and bodies. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache

from n8n_scraper.replica.fault_rules import Fault
from n8n_scraper.replica.images import bomb_picture
from n8n_scraper.replica.json_members import joined, members
from n8n_scraper.replica.replies import HTML, JSON, PLAIN, Reply, text_reply
from n8n_scraper.replica.youtube import TROUBLES

OFF_SITE = "https://elsewhere.invalid/"
_BOMB_BYTES = 200_000_000
_REASONS = {
    410: "Gone",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
    520: "Web server is returning an unknown error",
}
_BLOCK_PAGE = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Attention Required! | Cloudflare</title></head><body>'
    "<h1>Sorry, you have been blocked</h1><p>You are unable to access this site.</p>"
    "<p>Cloudflare Ray ID: <strong>0000000000000000</strong></p></body></html>\n"
)
_CHALLENGE_PAGE = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body>'
    '<h1>Checking your browser</h1><script src="/cdn-cgi/challenge-platform/orchestrate/chl_page"></script>'
    "<noscript>Enable JavaScript and cookies to continue</noscript></body></html>\n"
)


def altered(fault: Fault, reply: Reply, other: Reply, video: str = "") -> Reply:
    """The answer in place of ``reply``; kinds of the wire leave it as it is.

    ``other`` stands in for it where there is no other answer: the one for another id, or the host's own 404.
    """
    if fault.kind.isdecimal():
        answer = other if fault.kind == "404" else _status(int(fault.kind))
        return answer._replace(headers={"Retry-After": fault.retry_after} if fault.retry_after else {})
    if fault.kind in TROUBLES:
        return TROUBLES[fault.kind][1](video)
    alter = _ALTERATIONS.get(fault.kind)
    return alter(fault, reply, other) if alter else reply


def _status(status: int) -> Reply:
    if status == 204:
        return Reply(204, b"", PLAIN)
    if status in {401, 403, 451}:
        return text_reply(_BLOCK_PAGE, HTML, status)
    if status >= 500:
        title = f"{status}: {_REASONS.get(status, 'Server error')}"
        return text_reply(f"<html><head><title>{title}</title></head><h1>{title}</h1></html>", HTML, status)
    return text_reply(_REASONS.get(status, "Error"), PLAIN, status)


def _broken(reply: Reply) -> Reply:
    return reply._replace(status=200, body=reply.body[: len(reply.body) * 2 // 3] + b"\xff\xfe<<{{")


def _encoded(reply: Reply, body: bytes) -> Reply:
    return reply._replace(status=200, body=body, headers={**reply.headers, "Content-Encoding": "gzip"})


def _unpublished(reply: Reply) -> Reply:
    outer = members(reply.body) if reply.content_type == JSON else {}
    if "workflow" not in outer:
        return reply
    inner = members(outer["workflow"]) | {"status": b'"unpublished"'}
    return reply._replace(body=joined(outer | {"workflow": joined(inner)}))


def _without(reply: Reply, path: str) -> Reply:
    if reply.content_type == HTML and path:
        return reply._replace(body=reply.body.replace(path.encode(), b"renamed"))
    return reply._replace(body=_dropped(reply.body, path)) if reply.content_type == JSON else reply


def _dropped(text: bytes, path: str) -> bytes:
    """The object without what the path leads to; as it is where it leads nowhere."""
    name, _, rest = path.partition(".")
    parts = members(text)
    if not rest:
        parts.pop(name, None)
    elif parts.get(name, b"").startswith(b"{"):
        parts[name] = _dropped(parts[name], rest)
    return joined(parts)


@cache
def bomb(size: int) -> bytes:
    """Gzip of about a thousandth of ``size``, made without ever holding ``size`` bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    piece = bytes(1 << 20)
    packed = [packer.compress(piece[: min(len(piece), size - done)]) for done in range(0, size, len(piece))]
    return b"".join([*packed, packer.flush()])


_ALTERATIONS: dict[str, Callable[[Fault, Reply, Reply], Reply]] = {
    "html": lambda fault, reply, other: text_reply(_CHALLENGE_PAGE, HTML),
    "malformed": lambda fault, reply, other: _broken(reply),
    "empty": lambda fault, reply, other: reply._replace(status=200, body=b""),
    "gzip_bomb": lambda fault, reply, other: _encoded(reply, bomb(fault.bytes or _BOMB_BYTES)),
    "bad_gzip": lambda fault, reply, other: _encoded(reply, b"\x1f\x8b\x08\x00 this is no gzip"),
    "redirect": lambda fault, reply, other: Reply(302, b"", HTML, {"Location": fault.to or OFF_SITE}),
    "wrong_type": lambda fault, reply, other: reply._replace(content_type=PLAIN),
    "image_bomb": lambda fault, reply, other: Reply(200, bomb_picture(), "image/png"),
    "wrong_id": lambda fault, reply, other: other,
    "without": lambda fault, reply, other: _without(reply, fault.field or ""),
    "unpublished": lambda fault, reply, other: _unpublished(reply),
}
