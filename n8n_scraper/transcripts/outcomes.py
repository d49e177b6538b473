"""What each exception means for a transcript: the only place that decides it. Pure.

Exceptions of youtube-transcript-api, of requests (which it does not wrap), of the XML parser, and those that the
library's code raises when an answer is not what it expects.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.failures import KINDS
from n8n_scraper.site.answers import kind_of_status

Action = Literal["settle", "retry", "fail", "stop"]
"""Settle: it stays so. Retry: it may pass. Fail: not again in this job. Stop: the whole stage, the rest stays due."""


class Outcome(NamedTuple):
    action: Action
    status: str
    """Of the transcript, see :data:`STATUSES`."""
    kind: str | None
    """Of the failure, a name of ``failures.KINDS``; None where nothing failed: there is no such transcript."""
    reason: str


STATUSES = {
    "ok": "there is a text",
    "empty": "there are captions without a word",
    "disabled": "the video has no captions",
    "no_language": "no captions in a language asked for",
    "unavailable": "there is no such video",
    "unplayable": "nobody may play it: private, for members, not begun",
    "age_restricted": "for adults, who have to sign in",
    "failed": "it could not be had, another time perhaps",
    "blocked": "YouTube refuses our address; asked again by the next run",
}
PERMANENT = frozenset(STATUSES) - {"failed", "blocked"}

_OUR_FAULT = Outcome("stop", "failed", "internal", "youtube-transcript-api was used in a wrong way")
_REFUSED = Outcome("stop", "blocked", "blocked", "YouTube refuses our address")
_UNKNOWN = Outcome("fail", "failed", "unexpected", "youtube-transcript-api says what we do not know")
_ODD = Outcome("retry", "failed", "malformed", "an answer of YouTube is not what it should be")
_NETWORK = Outcome("retry", "failed", "network", "the connection to YouTube failed")
_TIMEOUT = Outcome("retry", "failed", "timeout", "no answer of YouTube in time")
_NOT_HTTP = Outcome("fail", "failed", "unexpected", "an answer of YouTube leads nowhere")

_LIBRARY = {
    "TranscriptsDisabled": Outcome("settle", "disabled", None, "the video has no captions"),
    "NoTranscriptFound": Outcome("settle", "no_language", None, "no captions in a language asked for"),
    "VideoUnavailable": Outcome("settle", "unavailable", "gone", "there is no such video"),
    "InvalidVideoId": Outcome("settle", "unavailable", "gone", "this is no id of a video"),
    "VideoUnplayable": Outcome("settle", "unplayable", "gone", "nobody may play the video"),
    "AgeRestricted": Outcome("settle", "age_restricted", "gone", "the video is for adults, who have to sign in"),
    "RequestBlocked": _REFUSED,
    "IpBlocked": _REFUSED,
    "PoTokenRequired": Outcome("stop", "blocked", "blocked", "YouTube gives captions only to players with a token"),
    "FailedToCreateConsentCookie": Outcome("stop", "blocked", "blocked", "YouTube's consent page cannot be passed"),
    "YouTubeRequestFailed": Outcome("retry", "failed", "server", "YouTube answered with an error"),
    "YouTubeDataUnparsable": _ODD,
    "NotTranslatable": _OUR_FAULT,
    "TranslationLanguageNotAvailable": _OUR_FAULT,
    "CookieError": _OUR_FAULT,
    "CookiePathInvalid": _OUR_FAULT,
    "CookieInvalid": _OUR_FAULT,
    "CouldNotRetrieveTranscript": _UNKNOWN,
    "YouTubeTranscriptApiException": _UNKNOWN,
}
_REQUESTS = {
    "ConnectionError": _NETWORK,
    "Timeout": _TIMEOUT,
    "ConnectTimeout": _TIMEOUT,
    "ReadTimeout": _TIMEOUT,
    "ChunkedEncodingError": Outcome("retry", "failed", "malformed", "an answer of YouTube ended early"),
    "ContentDecodingError": Outcome("retry", "failed", "malformed", "an answer of YouTube cannot be decompressed"),
    "InvalidJSONError": _ODD,
    "RequestException": _NOT_HTTP,
}
_CONNECTION = {
    "HTTPError": _NETWORK,
    "TimeoutError": _TIMEOUT,
    "IncompleteRead": _REQUESTS["ChunkedEncodingError"],
    "ProtocolError": _REQUESTS["ChunkedEncodingError"],
    "DecodeError": _REQUESTS["ContentDecodingError"],
}
"""Of urllib3, while a body is read."""
_ODD_ANSWERS = (
    "xml.etree.ElementTree.ParseError",
    "defusedxml.common.DefusedXmlException",
    "builtins.LookupError",
    "builtins.TypeError",
    "builtins.AttributeError",
    "builtins.ValueError",
    "builtins.RecursionError",
)
OUTCOMES: dict[str, Outcome] = {
    **{f"youtube_transcript_api._errors.{name}": outcome for name, outcome in _LIBRARY.items()},
    **{f"requests.exceptions.{name}": outcome for name, outcome in _REQUESTS.items()},
    **{f"urllib3.exceptions.{name}": outcome for name, outcome in _CONNECTION.items()},
    **dict.fromkeys(_ODD_ANSWERS, _ODD),
    "builtins.OSError": _NETWORK,
}
"""By name, so that nothing heavy is imported here; a name stands for its subclasses too, the nearest one decides."""


def judge(error: BaseException) -> Outcome | None:
    """What an exception means; None for one that is no answer to a request of ours (our own fault)."""
    if isinstance(error, UnusableAnswer):
        return _of_kind(error.kind, error.reason)
    for cls in type(error).__mro__:
        if outcome := OUTCOMES.get(f"{cls.__module__}.{cls.__qualname__}"):
            return _of_status(error) if outcome.kind == "server" else outcome
    return None


def _of_status(error: BaseException) -> Outcome:
    """The library keeps the answer's status only in the error that it was raised for."""
    status = getattr(getattr(error.__context__, "response", None), "status_code", None)
    return _of_kind(kind_of_status(status or 0), f"YouTube answered with status {status}")


def _of_kind(kind: str, reason: str) -> Outcome:
    if kind == "blocked":
        return Outcome("stop", "blocked", kind, reason)
    if kind == "gone":
        return Outcome("settle", "unavailable", kind, reason)
    return Outcome("retry" if KINDS[kind].retried else "fail", "failed", kind, reason)
