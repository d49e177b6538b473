"""How far apart the independent stages of one workflow begin, as the replica saw it. Pure.

Independent are the API answer and the page, and, once the row is stored, the images and the transcripts. A stage begins
with its first request, which may be the robots.txt of the host of images. An image or video that several workflows show
belongs to none of them here, because it is asked for once. Where the later stage waited for its turn at its own host,
the rate did not allow more: that pair is left out, and so is one with a kill in between.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Row = Mapping[str, Any]
Entry = Mapping[str, Any]
ROBOTS = "/robots.txt"
HELD_WITHIN = 1.2
"""A request that comes this many spacings after the one before it at its host may have waited for its turn."""


class Rates(NamedTuple):
    """Requests a second at each gate; 0 without a limit."""

    site: float
    media: float
    youtube: float


def stage_gaps(rows: Mapping[int, Row], entries: Sequence[Entry], rates: Rates) -> list[float]:
    """Milliseconds, of every pair that can be judged; ``rows`` have ``images`` and ``videos``."""
    return [*_of_site(entries, rates.site), *_of_hosts(rows, entries, rates)]


def _of_site(entries: Iterable[Entry], rate: float) -> Iterator[float]:
    begun: dict[int, dict[str, float]] = defaultdict(dict)
    for entry in entries:
        if entry["id"] is not None and entry["host"] in {"site", "api"}:
            begun[entry["id"]].setdefault(entry["host"], entry["t"])
    if not rate:
        yield from (abs(at["site"] - at["api"]) * 1000 for at in begun.values() if len(at) == 2)


def _of_hosts(rows: Mapping[int, Row], entries: Sequence[Entry], rates: Rates) -> Iterator[float]:
    images = _images(entries)
    videos = _firsts((entry["video"], entry["t"]) for entry in entries if entry.get("video"))
    shown_images = {id: {_path(image["url"]) for image in row["images"] or ()} for id, row in rows.items()}
    shown_videos = {id: {video["video_id"] for video in row["videos"] or ()} for id, row in rows.items()}
    media = _starts(shown_images, images)
    youtube = _starts(shown_videos, videos)
    held = {"media": _held(entries, "media", rates.media), "youtube": _held(entries, "youtube", rates.youtube)}
    begun = sorted(entry["t"] for entry in entries if entry["host"] == "api" and entry["path"] == ROBOTS)
    for id in sorted(media.keys() & youtube.keys()):
        host, at = ("media", media[id]) if media[id] > youtube[id] else ("youtube", youtube[id])
        if at not in held[host] and _crawl(begun, media[id]) == _crawl(begun, youtube[id]):
            yield abs(media[id] - youtube[id]) * 1000


def _images(entries: Iterable[Entry]) -> dict[str, float]:
    """When each was asked for first; the very first one when robots.txt was, which it had to wait for."""
    asked = _firsts((_path(entry["path"]), entry["t"]) for entry in entries if entry["host"] == "media")
    robots = asked.pop(ROBOTS, None)
    if robots is not None and asked:
        asked[min(asked, key=asked.__getitem__)] = robots
    return asked


def _firsts(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, t in pairs:
        found[name] = min(t, found.get(name, math.inf))
    return found


def _starts(shown: Mapping[int, set[str]], asked: Mapping[str, float]) -> dict[int, float]:
    """When the first of what only this workflow shows was asked for."""
    counts = Counter(name for names in shown.values() for name in names)
    own = {id: [asked[name] for name in names if counts[name] == 1 and name in asked] for id, names in shown.items()}
    return {id: min(times) for id, times in own.items() if times}


def _held(entries: Iterable[Entry], host: str, rate: float) -> set[float]:
    """Arrivals at a host that may have waited for the turn."""
    times = sorted(entry["t"] for entry in entries if entry["host"] == host)
    spacing = HELD_WITHIN / rate if rate else 0.0
    return {t for n, t in enumerate(times) if n and bisect_left(times, t - spacing) < n}


def _crawl(begun: Sequence[float], t: float) -> int:
    """Number of the crawl: each begins with robots.txt of the API."""
    return bisect_right(begun, t)


def _path(address: str) -> str:
    return urlsplit(address).path
