"""What an answer means: usable, or a failure of one kind. The only place that decides it. Pure.

The order of the questions matters: a challenge page comes with any status, and a missing page may be long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Literal
from urllib.parse import urljoin

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.politeness.backoff import parse_http_date, parse_retry_after

Expects = Literal["json", "html", "xml", "text"]

_KIND_BY_STATUS = {
    **dict.fromkeys((204, 404, 410), "gone"),
    **dict.fromkeys((401, 403, 451), "blocked"),
    429: "rate_limited",
    **dict.fromkeys((*range(500, 505), *range(520, 531)), "server"),
}
_CHALLENGE_HEADERS = ("cf-mitigated", "x-vercel-mitigated", "x-amzn-waf-action")
_CHALLENGE_TITLE = re.compile(
    rb"<title[^>]*>\s*(?:Just a moment(?:\.\.\.|\xe2\x80\xa6|&hellip;)?|Attention Required! \| Cloudflare|"
    rb"Vercel Security Checkpoint)\s*</title",
    re.IGNORECASE,
)
"""The whole title: a workflow's page has more in it, whatever its author called it."""
_CHALLENGE_MARKS = re.compile(
    rb"_cf_chl_opt|/cdn-cgi/challenge-platform|cf-challenge|cf-error-details|cf-browser-verification|"
    rb"Just a moment(?:\.\.\.|\xe2\x80\xa6|&hellip;)",
    re.IGNORECASE,
)
"""Not looked for in a page that was found: Cloudflare puts some of them into good pages, and authors may write them."""
_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 65_536
_TAIL_BYTES = 4_096
_SITEMAP_END = re.compile(rb"<(?:/(?:\w+:)?(?:urlset|sitemapindex)\s*|urlset[^<>]*/)>\s*(?:<!--[^<>]*-->\s*)?$")
"""The only XML we ask for."""


def judge(
    status: int, headers: Mapping[Any, Any], body: bytes, *, expects: Expects, now: datetime | None = None
) -> None:
    """Return when the answer is usable.

    ``headers`` may have text or bytes as keys, and either, or lists of them, as values; ``body`` is decoded
    (no Content-Encoding left). ``now`` serves a Retry-After date where the answer has no Date of its own.

    Raises:
        UnusableAnswer: of one of the kinds that an answer can have.
    """
    fields = _normalised(headers)
    text = body.removeprefix(_BOM).strip()
    if is_challenge(status, fields, text):
        raise UnusableAnswer("blocked", f"a challenge page came with status {status}")
    if status != 200:
        kind = kind_of_status(status)
        raise UnusableAnswer(kind, f"status {status}", retry_after=_retry_after(kind, fields, now))
    if expects == "json" and _is_page(fields, text):
        raise UnusableAnswer("blocked", "an HTML page came in place of JSON")
    if damage := _damage(text, expects):
        raise UnusableAnswer("malformed", damage)


def redirect_target(status: int, location: bytes | None, address: str) -> str | None:
    """Where an answer to ``address`` sends us; None where it is no redirect."""
    if status not in {301, 302, 303, 307, 308} or not location:
        return None
    return urljoin(address, location.decode("latin-1"))


def kind_of_status(status: int) -> str:
    """The failure kind of a status that is not 200."""
    return _KIND_BY_STATUS.get(status, "unexpected")


def _normalised(headers: Mapping[Any, Any]) -> dict[str, str]:
    return {_text(name).lower(): _text(value) for name, value in headers.items()}


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return _text(value[-1]) if value else ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def is_challenge(status: int, headers: Mapping[Any, Any], body: bytes) -> bool:
    """A page of the site's guard in place of the site's own answer."""
    fields = _normalised(headers)
    if any(fields.get(name) for name in _CHALLENGE_HEADERS):
        return True
    head = body[:_HEAD_BYTES].removeprefix(_BOM).lstrip()
    if not head.startswith(b"<"):
        return False
    if _CHALLENGE_TITLE.search(head):
        return True
    return status not in {200, 404, 410} and bool(_CHALLENGE_MARKS.search(head))


def _is_page(fields: Mapping[str, str], text: bytes) -> bool:
    if text.startswith(b"<"):
        return not text.startswith(b"<?xml")
    return bool(text) and "html" in fields.get("content-type", "").lower() and not text.startswith((b"{", b"["))


def _retry_after(kind: str, fields: Mapping[str, str], now: datetime | None) -> float | None:
    if kind not in {"rate_limited", "server"}:
        return None
    moment = parse_http_date(fields.get("date", "")) or now or datetime.now(timezone.utc)
    return parse_retry_after(fields.get("retry-after"), moment)


def _damage(text: bytes, expects: Expects) -> str | None:
    """What is wrong with a body as a whole; its content is the parser's business."""
    if expects == "text":
        return None
    if not text:
        return "the body is empty"
    is_whole = {"json": _is_whole_json, "html": _is_whole_html, "xml": _is_whole_xml}[expects]
    return None if is_whole(text) else f"the body is no {expects.upper()}, or it ends too early"


def _is_whole_json(text: bytes) -> bool:
    return (text[:1], text[-1:]) in {(b"{", b"}"), (b"[", b"]")}


def _is_whole_html(text: bytes) -> bool:
    head = text[:_HEAD_BYTES].lower()
    return b"<" in head and (b"<html" not in head or b"</html" in text[-_TAIL_BYTES:].lower())


def _is_whole_xml(text: bytes) -> bool:
    return text.startswith(b"<") and bool(_SITEMAP_END.search(text[-_TAIL_BYTES:]))


_KIND_BY_EXCEPTION = {
    "scrapy.exceptions.DownloadTimeoutError": "timeout",
    "builtins.TimeoutError": "timeout",
    "asyncio.exceptions.TimeoutError": "timeout",
    "twisted.internet.error.TimeoutError": "timeout",
    "twisted.internet.error.TCPTimedOutError": "timeout",
    "playwright._impl._errors.TimeoutError": "timeout",
    "scrapy.exceptions.CannotResolveHostError": "network",
    "scrapy.exceptions.DownloadConnectionRefusedError": "network",
    "scrapy.exceptions.DownloadFailedError": "network",
    "scrapy.core.downloader.handlers.http11.TunnelError": "network",
    "builtins.ConnectionError": "network",
    "twisted.internet.error.ConnectError": "network",
    "twisted.internet.error.ConnectionDone": "network",
    "twisted.internet.error.ConnectionLost": "network",
    "playwright._impl._errors.Error": "network",
    "OpenSSL.SSL.Error": "network",
    "scrapy.exceptions.ResponseDataLossError": "malformed",
    "gzip.BadGzipFile": "malformed",
    "zlib.error": "malformed",
    "struct.error": "malformed",
    "brotli.error": "malformed",
    "compression.zstd.ZstdError": "malformed",
    "backports.zstd.ZstdError": "malformed",
    "builtins.EOFError": "malformed",
    "scrapy.exceptions.DownloadCancelledError": "too_large",
    "scrapy.utils._compression._DecompressionMaxSizeExceeded": "too_large",
}
"""By name, so that nothing of Scrapy is imported here; a name stands for its subclasses too."""


_NO_ANSWER = {
    "network": "the connection failed",
    "timeout": "no answer in time",
    "malformed": "the answer ended early or cannot be decompressed",
    "too_large": "larger than MAX_BODY_BYTES",
}
"""What the lack of an answer is called, by kind."""


def judge_exception(exception: BaseException) -> UnusableAnswer | None:
    """What the lack of an answer means; None for an exception that is not about the answer (our own fault).

    The exception's causes are asked too: Scrapy wraps what a decompressor said into IgnoreRequest.
    """
    seen: BaseException | None = exception
    for _ in range(5):
        if seen is None:
            return None
        if isinstance(seen, UnusableAnswer):
            return seen
        for cls in type(seen).__mro__:
            if kind := _KIND_BY_EXCEPTION.get(f"{cls.__module__}.{cls.__qualname__}"):
                return UnusableAnswer(kind, _NO_ANSWER.get(kind, f"no usable answer came ({type(seen).__name__})"))
        seen = seen.__cause__
    return None
