"""How far apart the independent stages of one workflow begin, as the replica saw it. Pure.

Independent are the API answer and the page, and, once the row is stored, the images and the transcripts. A stage begins
with its first request, which may be the robots.txt of the host of images. An image or video that several workflows show
belongs to none of them here, because it is asked for once. Where the later stage waited for its turn at its own host,
the rate did not allow more: that pair is left out, and so is one with a kill in between.

A host has few places too: while those before keep all of them, the next stage waits, however many flows there are. So
the gap that the crawler is to blame for is the longest time in which a place at the later stage's host was free and
that stage had not begun; the whole time between the two is told beside it.
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


class Host(NamedTuple):
    """``rate`` in requests a second, 0 without a limit; ``places`` for what is asked for at once: images, videos."""

    rate: float
    places: int


class Limits(NamedTuple):
    """``site`` is the rate of the gate that page and API share."""

    site: float
    media: Host
    youtube: Host


class Gap(NamedTuple):
    """Milliseconds between two beginnings, and how long of it at a stretch the later one could have begun."""

    idle: float
    whole: float


def stage_gaps(rows: Mapping[int, Row], entries: Sequence[Entry], limits: Limits) -> list[Gap]:
    """Of every pair that can be judged; ``rows`` have ``images`` and ``videos``."""
    return [*_of_site(entries, limits.site), *_of_hosts(rows, entries, limits)]


def _of_site(entries: Iterable[Entry], rate: float) -> Iterator[Gap]:
    begun: dict[int, dict[str, float]] = defaultdict(dict)
    for entry in entries:
        if entry["id"] is not None and entry["host"] in {"site", "api"}:
            begun[entry["id"]].setdefault(entry["host"], entry["t"])
    if not rate:
        gaps = (abs(at["site"] - at["api"]) * 1000 for at in begun.values() if len(at) == 2)
        yield from (Gap(gap, gap) for gap in gaps)


def _of_hosts(rows: Mapping[int, Row], entries: Sequence[Entry], limits: Limits) -> Iterator[Gap]:
    images = _images(entries)
    videos = _firsts((entry["video"], entry["t"]) for entry in entries if entry.get("video"))
    shown_images = {id: {_path(image["url"]) for image in row["images"] or ()} for id, row in rows.items()}
    shown_videos = {id: {video["video_id"] for video in row["videos"] or ()} for id, row in rows.items()}
    media = _starts(shown_images, images)
    youtube = _starts(shown_videos, videos)
    begun = sorted(entry["t"] for entry in entries if entry["host"] == "api" and entry["path"] == ROBOTS)
    hosts = {"media": limits.media, "youtube": limits.youtube}
    held = {name: _held(entries, name, host.rate) for name, host in hosts.items()}
    stays = {name: _stays(entries, name) for name in hosts}
    for id in sorted(media.keys() & youtube.keys()):
        name, first, last = _pair(media[id], youtube[id])
        if last not in held[name] and _crawl(begun, first) == _crawl(begun, last):
            idle = _longest_free(stays[name], hosts[name].places, first, last)
            yield Gap(idle * 1000, (last - first) * 1000)


def _pair(media: float, youtube: float) -> tuple[str, float, float]:
    """Host of the later one, and both beginnings in their order."""
    return ("media", youtube, media) if media > youtube else ("youtube", media, youtube)


def _stays(entries: Iterable[Entry], host: str) -> list[tuple[float, float]]:
    """From when to when places were taken: by a request to the host of images, by all requests of a video."""
    found: list[tuple[float, float]] = []
    videos: dict[str, tuple[float, float]] = {}
    for entry in entries:
        stay = entry["t"], entry["t"] + entry["seconds"]
        if entry["host"] == host == "media":
            found.append(stay)
        elif entry["host"] == host and "video" in entry:
            former = videos.get(entry["video"], stay)
            videos[entry["video"]] = min(former[0], stay[0]), max(former[1], stay[1])
    return [*found, *videos.values()]


def _longest_free(stays: Iterable[tuple[float, float]], places: int, begin: float, end: float) -> float:
    """The longest stretch of seconds with fewer than ``places`` taken."""
    inside = [(max(came, begin), min(went, end)) for came, went in stays if came < end and went > begin]
    changes = sorted([*((came, 1) for came, _ in inside), *((went, -1) for _, went in inside), (end, places)])
    longest, taken, free_since = 0.0, 0, begin
    for t, change in changes:
        if taken < places:
            longest = max(longest, t - free_since)
        was_full, taken = taken >= places, taken + change
        if was_full and taken < places:
            free_since = t
    return longest


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
