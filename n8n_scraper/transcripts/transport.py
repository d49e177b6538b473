"""The way of youtube-transcript-api's requests: each waits for its turn, goes to YouTube only, and brings so much only.

A ``requests`` adapter, because that is where the library lets us in. It runs in the thread of one video.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.politeness.backoff import parse_retry_after
from n8n_scraper.setting_rules import YOUTUBE_URL

HOSTS = frozenset({"www.youtube.com", "consent.youtube.com"})
"""Where requests go to; a redirect or an address in an answer that leads elsewhere is not followed."""
CHUNK_BYTES = 1 << 14
MAX_REDIRECTS = 5
MAX_MARKUP_WORK = 10**8
"""The library takes tags out of a caption with an expression that may look at all that follows each ``<`` of it."""
_PLAYER, _CAPTIONS = "/youtubei/v1/player", "/api/timedtext"
_ROOT = re.compile(rb"(?:<\?xml[^<>]*>\s*)?<(?:transcript|timedtext)\b")
_CODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


Tell = Callable[[int, float, float | None], None]


class Limits(NamedTuple):
    """Seconds to connect, between two pieces of an answer, and for a whole one; bytes, decompressed."""

    connect: float
    read: float
    whole: float
    body_bytes: int


class Transport(HTTPAdapter):
    """``take_turn(number)`` returns when the ``number``-th request of this video may be sent; ``tell(status, sent_at,
    wait)`` hears how it was answered, and for how many seconds nothing is wanted. ``address`` is YouTube's, or that of
    a stand-in.
    """

    def __init__(self, address: str, limits: Limits, take_turn: Callable[[int], None], tell: Tell) -> None:
        super().__init__()
        self._address = address
        self._limits = limits
        self._take_turn = take_turn
        self._tell = tell
        self.request_count = 0

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        """Raises:
        UnusableAnswer: an address that is not YouTube's, an answer that is too large, a wait that is asked for.
        requests.RequestException, urllib3.exceptions.HTTPError: what the connection says.
        """
        _check_address(request.url)
        self._take_turn(self.request_count)
        self.request_count += 1
        sent_at = time.monotonic()
        limits = self._limits
        given = {"stream": True, "timeout": (limits.connect, limits.read), "verify": verify, "cert": cert}
        answer = super().send(self._moved(request), **given, proxies=proxies)
        wait = _wait(answer)
        self._tell(answer.status_code, sent_at, wait)
        if wait is not None:
            answer.close()
            raise UnusableAnswer("rate_limited", "YouTube asked for a wait (status 429)", retry_after=wait)
        body = _body(answer, limits.body_bytes, sent_at + limits.whole)
        if answer.status_code == 200:
            check_answer(urlsplit(request.url or "").path, body)
        return self.build_response(request, _plain(answer.raw, body))

    def _moved(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request as it is sent: to the stand-in, where there is one."""
        if self._address == YOUTUBE_URL:
            return request
        moved = request.copy()
        moved.url = self._address + request.path_url
        return moved


def new_session(transport: Transport, user_agent: str) -> requests.Session:
    """A session all of whose requests take this way; neither proxies nor passwords of the environment count."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = MAX_REDIRECTS
    session.headers["User-Agent"] = user_agent
    session.mount("https://", transport)
    session.mount("http://", transport)
    return session


def _check_address(url: str | None) -> None:
    parts = urlsplit(url or "")
    if parts.scheme != "https" or parts.netloc not in HOSTS:
        raise UnusableAnswer("unexpected", "an answer of YouTube leads to an address that is not YouTube's")


def _wait(answer: requests.Response) -> float | None:
    """A 429 that says for how long is a wait; without, the library takes it for a block."""
    now = datetime.now(timezone.utc)
    return parse_retry_after(answer.headers.get("Retry-After"), now) if answer.status_code == 429 else None


def _body(answer: requests.Response, limit: int, deadline: float) -> bytes:
    body = bytearray()
    try:
        while chunk := answer.raw.read1(CHUNK_BYTES, decode_content=True):  # what is there, so that no drip outlasts us
            body += chunk
            if len(body) > limit:
                raise UnusableAnswer("too_large", "an answer of YouTube is larger than MAX_BODY_BYTES")
            if time.monotonic() > deadline:
                raise requests.exceptions.ReadTimeout("the answer takes too long")
    finally:
        answer.close()
    return bytes(body)


def check_answer(path: str, body: bytes) -> None:
    """Refuse what the library would read as captions without a word, or for minutes.

    Raises:
        UnusableAnswer: a page in place of data, or captions that are none.
    """
    if path not in {_PLAYER, _CAPTIONS}:
        return
    head = body[:1000].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        raise UnusableAnswer("blocked", "a page came from YouTube in place of data")
    if path == _CAPTIONS and body and not _ROOT.match(head):
        raise UnusableAnswer("malformed", "what came from YouTube is no captions")
    work = sum(piece.count(b"&") * len(piece) for piece in body.split(b"</"))
    if path == _CAPTIONS and (work > MAX_MARKUP_WORK or b"<![CDATA[" in body):
        raise UnusableAnswer("malformed", "captions that are made to be slow to read")


def _plain(raw: Any, body: bytes) -> urllib3.HTTPResponse:
    """The answer with its whole body read and decompressed."""
    return urllib3.HTTPResponse(
        body=io.BytesIO(body),
        headers={name: value for name, value in raw.headers.items() if name.lower() not in _CODED},
        status=raw.status,
        reason=raw.reason,
        preload_content=False,
        original_response=raw._original_response,  # private, and where requests finds the cookies
    )
