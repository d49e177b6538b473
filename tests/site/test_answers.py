from __future__ import annotations

import builtins
import gzip
import zlib
from datetime import datetime, timezone
from typing import Any

import brotli
import pytest
import scrapy.exceptions
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Headers
from scrapy.utils._compression import _DecompressionMaxSizeExceeded
from twisted.internet.error import ConnectionLost, TCPTimedOutError

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.failures import KINDS
from n8n_scraper.site.answers import Expects, judge, judge_exception

JSON = b'{"workflow": {"id": 1}}'
HTML = b"<!DOCTYPE html><html><head><title>T | n8n workflow template</title></head><body><h1>T</h1></body></html>"
XML = b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>'
BODIES: dict[Expects, bytes] = {"json": JSON, "html": HTML, "xml": XML, "text": b"User-agent: *\n"}
CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"
BLOCK_PAGE = b"<html><head><title>Attention Required! | Cloudflare</title></head><body>Sorry</body></html>"
LONG_404 = (
    b"<!DOCTYPE html><html><head><title>n8n</title></head><body>" + b"<p>We use cookies</p>" * 900 + b"</body></html>"
)


def kind_of(status: int, body: bytes, expects: Expects = "json", **headers: str) -> str | None:
    try:
        judge(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, expects=expects)
    except UnusableAnswer as failure:
        return failure.kind
    return None


@pytest.mark.parametrize("expects", ["json", "html", "xml", "text"])
@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (None, [200]),
        ("gone", [204, 404, 410]),
        ("blocked", [401, 403, 451]),
        ("rate_limited", [429]),
        ("server", [*range(500, 505), *range(520, 531)]),
        ("unexpected", [100, 201, 202, 203, 206, 300, 301, 302, 304, 307, 308, 400, 402, 405, 406, 407, 408, 409]),
        ("unexpected", [411, 418, 421, 425, 428, 430, 450, 499, 505, 511, 519, 531, 599, 999, 0, -1]),
    ],
)
def test_status_decides(kind: str | None, statuses: list[int], expects: Expects) -> None:
    assert {status: kind_of(status, BODIES[expects], expects) for status in statuses} == dict.fromkeys(statuses, kind)


@pytest.mark.parametrize(
    ("status", "body", "expects", "kind"),
    [
        (404, b"Not found", "json", "gone"),
        (404, LONG_404, "html", "gone"),
        (404, HTML, "json", "gone"),
        (204, b"", "json", "gone"),
        # a challenge or block page, whatever its status
        (403, BLOCK_PAGE, "json", "blocked"),
        (503, CHALLENGE, "json", "blocked"),
        (503, CHALLENGE, "html", "blocked"),
        (429, CHALLENGE, "html", "blocked"),
        (404, CHALLENGE, "html", "blocked"),
        (200, CHALLENGE, "html", "blocked"),
        (200, CHALLENGE, "xml", "blocked"),
        (200, b"\xef\xbb\xbf \n" + CHALLENGE, "html", "blocked"),
        (200, BLOCK_PAGE, "html", "blocked"),
        (200, b"<html><head><title>Just a moment\xe2\x80\xa6</title></head></html>", "html", "blocked"),
        (200, b"<html><head><title>Vercel Security Checkpoint</title></head></html>", "html", "blocked"),
        (503, b"<html><body><h1>Just a moment...</h1></body></html>", "html", "blocked"),
        (503, b"<html><script>window._cf_chl_opt={}</script></html>", "html", "blocked"),
        (503, b'<html><script src="/cdn-cgi/challenge-platform/h/b/orchestrate/x"></script></html>', "html", "blocked"),
        # the same words where they are no challenge
        (200, HTML.replace(b"T", b"Just a moment, please"), "html", None),
        (200, HTML.replace(b"<h1>", b"<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'>"), "html", None),
        (200, HTML.replace(b"<h1>", b"<p>solves window._cf_chl_opt = {}</p><h1>"), "html", None),
        (200, b'{"name": "<title>Just a moment...</title>"}', "json", None),
        (404, LONG_404.replace(b"cookies", b"/cdn-cgi/challenge-platform/"), "html", "gone"),
        (503, b"Just a moment...", "html", "server"),
        # a page in place of JSON
        (200, HTML, "json", "blocked"),
        (200, b"  \n<div>Please wait</div>", "json", "blocked"),
        (200, b"\xef\xbb\xbf<html></html>", "json", "blocked"),
        # bodies that are broken, cut or empty
        (200, b"", "json", "malformed"),
        (200, b" \r\n ", "json", "malformed"),
        (200, b"\xef\xbb\xbf", "json", "malformed"),
        (200, JSON[:-4], "json", "malformed"),
        (200, b"[1, 2", "json", "malformed"),
        (200, b"[1, 2}", "json", "malformed"),
        (200, b"Not found", "json", "malformed"),
        (200, b"<?xml version='1.0'?><Error/>", "json", "malformed"),
        (200, b"\x1f\x8b\x08\x00nonsense", "json", "malformed"),
        (200, b"", "html", "malformed"),
        (200, HTML[:-40], "html", "malformed"),
        (200, b"plain words", "html", "malformed"),
        (200, b"", "xml", "malformed"),
        (200, XML[:-3], "xml", "malformed"),
        (200, XML[: -len(b"</urlset>")], "xml", "malformed"),
        (200, HTML, "xml", "malformed"),
        (200, JSON, "xml", "malformed"),
        # and whole ones in unusual dress
        (200, b"\xef\xbb\xbf\n" + JSON + b"\n", "json", None),
        (200, b"[]", "json", None),
        (200, HTML + b"<!-- cached -->\n", "html", None),
        (200, b"<h1>no html element at all</h1>", "html", None),
        (200, HTML.upper(), "html", None),
        (200, XML + b"\n<!-- made in 0.2 s -->\n", "xml", None),
        (200, b"<sitemapindex><sitemap></sitemap></sitemapindex>", "xml", None),
        (200, b"<s:urlset xmlns:s='x'></s:urlset >", "xml", None),
        (200, b"<urlset xmlns='x'/>", "xml", None),
        (200, b"", "text", None),
        (200, HTML, "text", None),
    ],
)
def test_body_and_status(status: int, body: bytes, expects: Expects, kind: str | None) -> None:
    assert kind_of(status, body, expects) == kind


@pytest.mark.parametrize("status", [200, 202, 403, 404, 429, 503])
@pytest.mark.parametrize("name", ["cf-mitigated", "CF-Mitigated", "X-Vercel-Mitigated", "x-amzn-waf-action"])
def test_a_header_of_the_guard_means_blocked(status: int, name: str) -> None:
    assert kind_of(status, JSON, **{name: "challenge"}) == "blocked"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"Checking your browser", "blocked"),
        (b"", "malformed"),
        (JSON, None),
        (b"[]", None),
        (b'{"cut": ', "malformed"),
    ],
)
def test_json_expected_and_html_declared(body: bytes, kind: str | None) -> None:
    assert kind_of(200, body, Content_Type="text/html; charset=utf-8") == kind


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "120"},
        {"retry-after": "120"},
        {b"RETRY-AFTER": b"120"},
        {b"Retry-After": [b"1", b"120"]},
        {"Retry-After": ["120"]},
        Headers({"Retry-After": "120"}),
        Headers({"Retry-After": "120"}).to_unicode_dict(),
        {"Retry-After": "Mon, 23 Nov 2026 06:17:00 GMT", "Date": "Mon, 23 Nov 2026 06:15:00 GMT"},
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_headers_of_any_dress(status: int, headers: Any) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        judge(status, headers, b"", expects="json")
    assert caught.value.retry_after == 120


def test_a_retry_after_date_counts_from_the_moment_given_where_the_answer_has_none() -> None:
    with pytest.raises(UnusableAnswer) as caught:
        judge(
            429,
            {"Retry-After": "Mon, 23 Nov 2026 06:17:00 GMT", "Date": "today"},
            b"",
            expects="json",
            now=datetime(2026, 11, 23, 6, 15, tzinfo=timezone.utc),
        )
    assert caught.value.retry_after == 120


@pytest.mark.parametrize("status", [200, 403, 404, 302])
def test_no_retry_after_where_there_is_no_retry(status: int) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        judge(status, {"Retry-After": "120"}, HTML, expects="json")
    assert caught.value.retry_after is None


@given(
    status=st.one_of(st.integers(-5, 1000), st.sampled_from([200, 404, 429, 503])),
    headers=st.dictionaries(st.one_of(st.text(), st.binary()), st.one_of(st.text(), st.binary(), st.just([]))),
    body=st.binary(max_size=300),
    expects=st.sampled_from(["json", "html", "xml", "text"]),
)
def test_whatever_comes_is_usable_or_of_a_known_kind(
    status: int, headers: dict[Any, Any], body: bytes, expects: Expects
) -> None:
    try:
        judge(status, headers, body, expects=expects)
        kind = None
    except UnusableAnswer as failure:
        kind = failure.kind
    assert kind in KINDS or (kind is None and status == 200)


class Renamed(scrapy.exceptions.DownloadTimeoutError):
    """A subclass stands for what it comes from."""


def caused(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("exception", "kind"),
    [
        (scrapy.exceptions.DownloadTimeoutError("Getting http://secret/ took longer"), "timeout"),
        (Renamed(), "timeout"),
        (builtins.TimeoutError(), "timeout"),
        (TCPTimedOutError(), "timeout"),
        (scrapy.exceptions.CannotResolveHostError(), "network"),
        (scrapy.exceptions.DownloadConnectionRefusedError(), "network"),
        (scrapy.exceptions.DownloadFailedError(), "network"),
        (ConnectionResetError(), "network"),
        (ConnectionLost(), "network"),
        (scrapy.exceptions.ResponseDataLossError(), "malformed"),
        (gzip.BadGzipFile(), "malformed"),
        (zlib.error(), "malformed"),
        (brotli.error(), "malformed"),
        (EOFError(), "malformed"),
        (scrapy.exceptions.DownloadCancelledError(), "too_large"),
        (caused(scrapy.exceptions.IgnoreRequest(), _DecompressionMaxSizeExceeded(9, 8)), "too_large"),
        (UnusableAnswer("gone", "unpublished"), "gone"),
        (scrapy.exceptions.IgnoreRequest("Forbidden by robots.txt"), None),
        (ValueError(), None),
        (OSError(28, "No space left on device"), None),
        (KeyError("a fault of ours"), None),
    ],
)
def test_exceptions(exception: BaseException, kind: str | None) -> None:
    failure = judge_exception(exception)
    assert (failure and failure.kind) == kind
    assert "secret" not in str(failure)


def test_every_download_exception_of_scrapy_is_mapped() -> None:
    """A new one in a later Scrapy must be given its meaning here."""
    names = {
        name
        for name in vars(scrapy.exceptions)
        if name.startswith(("Download", "CannotResolve", "ResponseData")) and name.endswith("Error")
    }
    assert len(names) == 6
    for name in names:
        assert judge_exception(getattr(scrapy.exceptions, name)()), name


def test_a_log_line_names_the_kind_and_the_reason() -> None:
    assert str(UnusableAnswer("server", "status 503", retry_after=7.0)) == "server: status 503"
