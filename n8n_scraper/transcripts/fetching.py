"""One video → its transcript, by youtube-transcript-api, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple, TypeVar

import requests
from youtube_transcript_api import YouTubeTranscriptApi
from youtube_transcript_api.proxies import GenericProxyConfig

T = TypeVar("T")


class Captions(NamedTuple):
    language: str
    is_generated: bool
    lines: list[str]


def fetch_captions(video_id: str, session: requests.Session, languages: Sequence[str], proxy: str = "") -> Captions:
    """Captions in the first of ``languages`` that the video has, a person's before a machine's, never translated.

    Blocks; three requests. The library's object is made for each video, as it is not thread-safe.

    Raises:
        Exception: whatever ``outcomes.judge`` knows.
    """
    proxies = GenericProxyConfig(proxy, proxy) if proxy else None
    api = YouTubeTranscriptApi(proxy_config=proxies, http_client=session)
    found = api.fetch(video_id, languages=languages)
    return Captions(found.language_code, found.is_generated, [snippet.text for snippet in found])


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Run ``work`` in a thread that nobody waits for: a request that hangs keeps no crawl from ending."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever awaits the future
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, daemon=True, name="transcript").start()
    return future
