"""Which addresses are videos, and of which platform. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

MAX_URL_LENGTH = 4_096


class Video(NamedTuple):
    platform: str
    """youtube · vimeo · loom · google_drive · file"""
    video_id: str | None
    """None for a plain file."""
    url: str
    """One spelling for each video: without time stamps and tracking parameters."""


class Reading(NamedTuple):
    video: Video | None
    is_malformed: bool = False
    """It looks like the address of one video, but its id is none: a placeholder, or cut off."""


NO_VIDEO = Reading(None)
_MALFORMED = Reading(None, is_malformed=True)

_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_PLACEHOLDER = re.compile(r"(?i)(?:your|video|insert|example|replace)[-_]?\w*|(.)\1{10}|abcdefghij.|12345.*")
_YOUTUBE_HOSTS = {"youtube.com", "m.youtube.com", "music.youtube.com", "youtube-nocookie.com", "youtu.be"}
_THUMBNAIL_HOST = re.compile(r"img\.youtube\.com|i[0-9]?\.ytimg\.com")
_YOUTUBE_PATHS = {"embed", "shorts", "live", "v", "e", "watch"}
_THUMBNAIL_PATHS = {"vi", "vi_webp", "an_webp"}
_PLAYLIST = "videoseries"
_LOOM_ID = re.compile(r"[0-9a-f]{32}")
_VIMEO_PATH = re.compile(
    r"/(?:video/|channels/[\w-]+/|groups/[\w-]+/videos/)?([0-9]{5,12})(?:/([0-9a-f]{8,12}))?/?", re.ASCII
)
_VIMEO_KEY = re.compile(r"[0-9a-f]{8,12}")
_DRIVE_HOST = "drive.google.com"
_DRIVE_PATH = re.compile(r"/file/(?:u/\d+/)?d/([^/]*)(?:/.*)?")
_SAID_TO_BE_VIDEO = re.compile(r"(?i)v[ií]deo|watch|demo\b|recording|walk-?through|\.mp4|[📹🎥🎬▶🎞📺]")
_DRIVE_ID = re.compile(r"[A-Za-z0-9_-]{20,100}")
_FILE_SUFFIX = re.compile(r"(?i)\.(?:mp4|m4v|webm|mov|ogv)")
_PLACEHOLDER_HOST = re.compile(r"(?:.+\.)?example\.(?:com|org|net)|localhost")


def read_video(url: str, said: str = "") -> Reading:
    """What an address is; channels, playlists and searches are links, not videos.

    ``said`` are the words that go with it: a file on Google Drive may be anything, and is a video where they say so.
    """
    try:
        parts = urlsplit(url) if len(url) <= MAX_URL_LENGTH else None
        host = (parts.hostname or "").removeprefix("www.") if parts else ""
    except ValueError:
        return NO_VIDEO
    if parts is None or parts.scheme not in ("http", "https"):
        return NO_VIDEO
    if host == _DRIVE_HOST:
        return _drive(parts) if _SAID_TO_BE_VIDEO.search(said) else NO_VIDEO
    for reader in _READERS:
        reading = reader(host, parts)
        if reading is not NO_VIDEO:
            return reading
    return _file(host, parts)


def youtube_video(video_id: str) -> Reading:
    if not _YOUTUBE_ID.fullmatch(video_id) or _PLACEHOLDER.fullmatch(video_id):
        return _MALFORMED
    return Reading(Video("youtube", video_id, f"https://www.youtube.com/watch?v={video_id}"))


def _youtube(host: str, parts: SplitResult) -> Reading:
    steps = [step for step in parts.path.split("/") if step]
    if host == "youtu.be" and steps and steps[0] not in _YOUTUBE_PATHS:
        return youtube_video(steps[0])
    if _THUMBNAIL_HOST.fullmatch(host):
        return youtube_video(steps[1]) if len(steps) > 1 and steps[0] in _THUMBNAIL_PATHS else NO_VIDEO
    if host not in _YOUTUBE_HOSTS or not steps:
        return NO_VIDEO
    if len(steps) > 1:
        is_video = steps[0] in _YOUTUBE_PATHS | _THUMBNAIL_PATHS and steps[1] != _PLAYLIST
        return youtube_video(steps[1]) if is_video else NO_VIDEO
    return _youtube_query(parts.query) if steps[0] == "watch" else NO_VIDEO


def _youtube_query(query: str) -> Reading:
    ids = parse_qs(query.replace("&amp;", "&"), keep_blank_values=True).get("v")
    return youtube_video(ids[0]) if ids else NO_VIDEO


def _loom(host: str, parts: SplitResult) -> Reading:
    steps = [step for step in parts.path.split("/") if step]
    if host != "loom.com" or len(steps) < 2 or steps[0] not in ("share", "embed"):
        return NO_VIDEO
    key = steps[1].rpartition("-")[2]  # a title may stand before the id
    return Reading(Video("loom", key, f"https://www.loom.com/share/{key}")) if _LOOM_ID.fullmatch(key) else _MALFORMED


def _vimeo(host: str, parts: SplitResult) -> Reading:
    match = _VIMEO_PATH.fullmatch(parts.path) if host in ("vimeo.com", "player.vimeo.com") else None
    if match is None:
        return NO_VIDEO
    key = match[2] or parse_qs(parts.query).get("h", [""])[0]
    tail = f"/{key}" if _VIMEO_KEY.fullmatch(key) else ""  # what opens a video that is not listed
    return Reading(Video("vimeo", match[1], f"https://vimeo.com/{match[1]}{tail}"))


def _drive(parts: SplitResult) -> Reading:
    match = _DRIVE_PATH.fullmatch(parts.path)
    if match is None:
        return NO_VIDEO
    if not _DRIVE_ID.fullmatch(match[1]):
        return _MALFORMED
    return Reading(Video("google_drive", match[1], f"https://drive.google.com/file/d/{match[1]}/view"))


def _file(host: str, parts: SplitResult) -> Reading:
    if not host or not _FILE_SUFFIX.fullmatch(parts.path[parts.path.rfind(".") :] if "." in parts.path else ""):
        return NO_VIDEO
    if _PLACEHOLDER_HOST.fullmatch(host):
        return _MALFORMED
    return Reading(Video("file", None, parts._replace(fragment="").geturl()))


_READERS = (_youtube, _loom, _vimeo)
