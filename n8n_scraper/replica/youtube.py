"""The stand-in for YouTube: what youtube-transcript-api asks for, about any video there might be. Pure.

Three requests make a transcript: the watch page (for a key), the player (for the list of captions), and the captions.
What goes wrong with a video is a matter of the fault plan, see :data:`TROUBLES`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from n8n_scraper.replica.replies import HTML, NOT_FOUND, XML, Reply, json_reply, text_reply
from n8n_scraper.replica.routes import Route
from n8n_scraper.replica.seeds import seeded

HOME = "https://www.youtube.com"
"""Addresses in answers are those of the real site, as the library's own are."""
KEY = "AIzaStandInOfTheReplica0123456789"
CONSENT_COOKIE = "CONSENT=YES+cb.20261123"
_VIDEO_ID = re.compile(r"[\w-]{11}", re.ASCII)
_LANGUAGES = {"en": "English", "de": "German"}
_LINES = (
    "Welcome back, today we build a workflow",
    "it's a trigger & three nodes",
    "when a > b we <i>stop</i> here",
    "copy the template, then set your credentials",
    "naïve café ☕ 日本語",
    "and that is all there is to it",
)


class Track(NamedTuple):
    """Captions of a video in one language, written by a person or by a machine."""

    language: str
    is_generated: bool


def tracks(video_id: str) -> list[Track]:
    """Of a video without trouble: English by a machine, and for every other video by a person too."""
    generated = Track("en", is_generated=True)
    has_manual = seeded("captions", video_id).random() < 0.5
    return [Track("en", is_generated=False), generated] if has_manual else [generated]


def spoken(video_id: str, track: Track) -> list[str]:
    """The lines of a track, as a viewer reads them (``<i>`` is markup and not shown)."""
    rng = seeded("spoken", video_id, track.language, track.is_generated)
    who = "machine" if track.is_generated else "author"
    return [f"{video_id} in {track.language} by the {who}", *rng.sample(_LINES, k=4)]


class YouTube:
    """``route.rest`` is the id of the video."""

    def answer(self, route: Route, query: Mapping[str, str]) -> Reply:
        if route.kind == "consent":
            return text_reply(_CONSENT_PAGE, HTML)
        if not _VIDEO_ID.fullmatch(route.rest):
            return NOT_FOUND
        if route.kind == "watch":
            return text_reply(_WATCH_PAGE.replace("VIDEO", route.rest), HTML)
        if route.kind == "player":
            return json_reply(_player(route.rest, tracks(route.rest))) if query.get("key") == KEY else NOT_FOUND
        if route.kind == "captions":
            return _captions(route.rest, Track(query.get("lang", ""), query.get("kind") == "asr"))
        return NOT_FOUND


_WATCH_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><title>VIDEO - YouTube</title></head><body><script>'
    f'ytcfg.set({{"INNERTUBE_API_KEY": "{KEY}"}});</script></body></html>\n'
)
_CONSENT_PAGE = (
    '<!DOCTYPE html><html><body><form action="https://consent.youtube.com/s" method="POST">'
    f'<input type="hidden" name="v" value="{CONSENT_COOKIE.partition("+")[2]}"><button>Accept all</button></form>'
    "</body></html>\n"
)
_ENDLESS_CONSENT_PAGE = (
    '<!DOCTYPE html><html><body><form action="https://consent.youtube.com/s"></form></body></html>\n'
)
_ROBOT_PAGE = '<!DOCTYPE html><html><body><div class="g-recaptcha" data-sitekey="x"></div></body></html>\n'


def _player(video_id: str, found: list[Track], address_tail: str = "") -> dict[str, Any]:
    languages = [
        {"languageCode": code, "languageName": {"runs": [{"text": name}]}} for code, name in _LANGUAGES.items()
    ]
    captions = {
        "captionTracks": [_track(video_id, track, address_tail) for track in found],
        "translationLanguages": languages,
    }
    return {
        "playabilityStatus": {"status": "OK"},
        "videoDetails": {"videoId": video_id},
        "captions": {"playerCaptionsTracklistRenderer": captions},
    }


def _track(video_id: str, track: Track, address_tail: str) -> dict[str, Any]:
    kind = {"kind": "asr"} if track.is_generated else {}
    query = urlencode({"v": video_id, **kind, "lang": track.language})
    return {
        "baseUrl": f"{HOME}/api/timedtext?{query}&fmt=srv3{address_tail}",
        "name": {"runs": [{"text": _LANGUAGES[track.language]}]},
        "languageCode": track.language,
        "isTranslatable": True,
        **kind,
    }


def _captions(video_id: str, track: Track) -> Reply:
    texts = (
        f'<text start="{number * 2.5}" dur="2.5">{html.escape(html.escape(line))}</text>'
        for number, line in enumerate(spoken(video_id, track))
    )
    return text_reply(f'<?xml version="1.0" encoding="utf-8" ?><transcript>{"".join(texts)}</transcript>', XML)


def _refusal(status: str, reason: str) -> Callable[[str], Reply]:
    return lambda video_id: json_reply({"playabilityStatus": {"status": status, "reason": reason}})


def _listed(*found: Track, address_tail: str = "") -> Callable[[str], Reply]:
    return lambda video_id: json_reply(_player(video_id, list(found), address_tail))


def _without_captions(video_id: str) -> Reply:
    answer = _player(video_id, [])
    del answer["captions"]
    return json_reply(answer)


TROUBLES: dict[str, tuple[str, Callable[[str], Reply], str]] = {
    "manual": (
        "player",
        _listed(*map(Track._make, (("en", False), ("de", False), ("en", True)))),
        "captions by a person too",
    ),
    "generated": ("player", _listed(Track("en", is_generated=True)), "captions by a machine only"),
    "captions_disabled": ("player", _without_captions, "a video without captions"),
    "other_language": ("player", _listed(Track("de", is_generated=False)), "captions in German only"),
    "unavailable": ("player", _refusal("ERROR", "This video is unavailable"), "a video that is not there"),
    "unplayable": ("player", _refusal("UNPLAYABLE", "This video is private"), "a video that nobody may play"),
    "age_restricted": (
        "player",
        _refusal("LOGIN_REQUIRED", "This video may be inappropriate for some users."),
        "a video for adults, who have to sign in",
    ),
    "bot": ("player", _refusal("LOGIN_REQUIRED", "Sign in to confirm you’re not a bot"), "our address is refused"),
    "po_token": (
        "player",
        _listed(Track("en", is_generated=False), address_tail="&exp=xpe"),
        "captions for players that prove what they are",
    ),
    "odd_player": ("player", lambda video_id: json_reply({"captions": 1}), "JSON that is not what it should be"),
    "recaptcha": ("watch", lambda video_id: text_reply(_ROBOT_PAGE, HTML), "a page that asks whether we are a robot"),
    "odd_page": ("watch", lambda video_id: text_reply("<html></html>", HTML), "a watch page without a key"),
    "consent": (
        "watch",
        lambda video_id: Reply(302, b"", HTML, {"Location": f"https://consent.youtube.com/m?continue={HOME}"}),
        "the way over the consent page, until its cookie is there",
    ),
    "no_consent": (
        "watch",
        lambda video_id: text_reply(_ENDLESS_CONSENT_PAGE, HTML),
        "a consent page that nobody passes",
    ),
}
"""Kind of fault → the route that it is about, its reply, what it stands for."""
