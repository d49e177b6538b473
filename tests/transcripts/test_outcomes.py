"""Every exception that may come out of youtube-transcript-api has a meaning, also one of a version to come."""

from __future__ import annotations

import json
from xml.etree.ElementTree import ParseError

import defusedxml
import pytest
import requests
import urllib3
from youtube_transcript_api import YouTubeTranscriptApiException, _errors, proxies

from n8n_scraper.exceptions import StartError, UnusableAnswer
from n8n_scraper.failures import KINDS
from n8n_scraper.transcripts.outcomes import OUTCOMES, STATUSES, judge


def test_every_exception_of_the_library_is_in_the_table() -> None:
    """A new one in a newer version fails here, so that somebody says what it means."""
    found = {
        name
        for name, value in vars(_errors).items()
        if isinstance(value, type) and issubclass(value, YouTubeTranscriptApiException)
    }
    prefix = "youtube_transcript_api._errors."
    assert {name.removeprefix(prefix) for name in OUTCOMES if name.startswith(prefix)} == found
    assert not issubclass(proxies.InvalidProxyConfig, YouTubeTranscriptApiException), "of our setting, checked before"


def test_the_table_uses_known_words_only() -> None:
    for name, outcome in OUTCOMES.items():
        assert outcome.action in {"settle", "retry", "fail", "stop"}, name
        assert outcome.status in STATUSES, name
        assert outcome.kind is None or outcome.kind in KINDS, name
        assert (outcome.action == "settle") == (outcome.status not in {"failed", "blocked"}), name
        if outcome.action == "retry":
            assert outcome.kind is not None
            assert KINDS[outcome.kind].retried, name


class _New(YouTubeTranscriptApiException):
    """Of a version to come."""


def _key_error() -> Exception:
    try:
        {}["captionTracks"]  # type: ignore[index]  # None would fail the test
    except KeyError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "action", "kind"),
    [
        (_New(), "fail", "unexpected"),
        (_key_error(), "retry", "malformed"),
        (TypeError("'NoneType' object is not subscriptable"), "retry", "malformed"),
        (AttributeError("'NoneType' object has no attribute 'get'"), "retry", "malformed"),
        (ValueError("could not convert string to float"), "retry", "malformed"),
        (RecursionError(), "retry", "malformed"),
        (ParseError("no element found"), "retry", "malformed"),
        (defusedxml.EntitiesForbidden("a", "b", "c", "d", "e", "f"), "retry", "malformed"),
        (requests.exceptions.JSONDecodeError("x", "y", 0), "retry", "malformed"),
        (json.JSONDecodeError("x", "y", 0), "retry", "malformed"),
        (requests.exceptions.ConnectionError(), "retry", "network"),
        (requests.exceptions.SSLError(), "retry", "network"),
        (requests.exceptions.ProxyError(), "retry", "network"),
        (requests.exceptions.ConnectTimeout(), "retry", "timeout"),
        (requests.exceptions.ReadTimeout(), "retry", "timeout"),
        (requests.exceptions.TooManyRedirects(), "fail", "unexpected"),
        (requests.exceptions.InvalidURL(), "fail", "unexpected"),
        (urllib3.exceptions.ReadTimeoutError(None, None, None), "retry", "timeout"),  # type: ignore[arg-type]  # another type, on purpose
        (urllib3.exceptions.IncompleteRead(1, 2), "retry", "malformed"),
        (urllib3.exceptions.DecodeError(), "retry", "malformed"),
        (urllib3.exceptions.SSLError(), "retry", "network"),
        (ConnectionResetError(), "retry", "network"),
        (UnusableAnswer("rate_limited", "x", retry_after=1), "retry", "rate_limited"),
        (UnusableAnswer("too_large", "x"), "fail", "too_large"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_is_not_of_the_library_has_a_meaning_too(error: Exception, action: str, kind: str) -> None:
    outcome = judge(error)
    assert outcome is not None
    assert (outcome.action, outcome.kind) == (action, kind)


@pytest.mark.parametrize(
    ("status", "action", "kind"),
    [
        (500, "retry", "server"), (503, "retry", "server"), (520, "retry", "server"), (403, "stop", "blocked"),
        (401, "stop", "blocked"), (404, "settle", "gone"), (410, "settle", "gone"), (400, "fail", "unexpected"),
    ],
)  # fmt: skip
def test_the_status_decides_what_a_failed_request_means(status: int, action: str, kind: str) -> None:
    response = requests.Response()
    response.status_code = status
    try:
        try:
            response.raise_for_status()
        except requests.HTTPError as error:
            raise _errors.YouTubeRequestFailed("dQw4w9WgXcQ", error)  # noqa: B904 - as the library does
    except _errors.YouTubeRequestFailed as failed:
        outcome = judge(failed)
    assert outcome is not None
    assert (outcome.action, outcome.kind) == (action, kind)


def test_our_own_faults_have_none() -> None:
    assert judge(StartError("x")) is None
    assert judge(KeyboardInterrupt()) is None
    assert judge(AssertionError()) is None
