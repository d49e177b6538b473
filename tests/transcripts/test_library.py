"""What youtube-transcript-api makes of every answer that the replica's YouTube can give: nothing of it is a mock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.replica.youtube import TROUBLES, Track, spoken, tracks
from n8n_scraper.transcripts.fetching import Captions
from n8n_scraper.transcripts.outcomes import judge
from n8n_scraper.transcripts.transport import check_answer

from .conftest import ID, LIMITS

MANUAL, GENERATED = Track("en", is_generated=False), Track("en", is_generated=True)
Fetch = Callable[..., Captions]

FAULTS: list[tuple[str, dict[str, Any], tuple[str, str, str | None]]] = [
    ("captions_disabled", {}, ("settle", "disabled", None)),
    ("other_language", {}, ("settle", "no_language", None)),
    ("unavailable", {}, ("settle", "unavailable", "gone")),
    ("unplayable", {}, ("settle", "unplayable", "gone")),
    ("age_restricted", {}, ("settle", "age_restricted", "gone")),
    ("bot", {}, ("stop", "blocked", "blocked")),
    ("recaptcha", {}, ("stop", "blocked", "blocked")),
    ("po_token", {}, ("stop", "blocked", "blocked")),
    ("no_consent", {}, ("stop", "blocked", "blocked")),
    ("odd_player", {}, ("retry", "failed", "malformed")),
    ("odd_page", {}, ("retry", "failed", "malformed")),
    ("429", {"route": "watch"}, ("stop", "blocked", "blocked")),
    ("429", {"route": "captions"}, ("stop", "blocked", "blocked")),
    ("429", {"route": "player", "retry_after": "7"}, ("retry", "failed", "rate_limited")),
    ("403", {"route": "watch"}, ("stop", "blocked", "blocked")),
    ("404", {"route": "watch"}, ("settle", "unavailable", "gone")),
    ("500", {"route": "watch"}, ("retry", "failed", "server")),
    ("503", {"route": "player"}, ("retry", "failed", "server")),
    ("418", {"route": "player"}, ("fail", "failed", "unexpected")),
    ("empty", {"route": "captions"}, ("retry", "failed", "malformed")),
    ("empty", {"route": "player"}, ("retry", "failed", "malformed")),
    ("html", {"route": "player"}, ("stop", "blocked", "blocked")),
    ("html", {"route": "captions"}, ("stop", "blocked", "blocked")),
    ("malformed", {"route": "player"}, ("retry", "failed", "malformed")),
    ("malformed", {"route": "captions"}, ("retry", "failed", "malformed")),
    ("truncated", {"route": "player"}, ("retry", "failed", "malformed")),
    ("truncated_chunked", {"route": "captions"}, ("retry", "failed", "malformed")),
    ("bad_gzip", {"route": "watch"}, ("retry", "failed", "malformed")),
    ("huge", {"route": "watch", "bytes": 2_000_000}, ("fail", "failed", "too_large")),
    ("gzip_bomb", {"route": "player", "bytes": 20_000_000}, ("fail", "failed", "too_large")),
    ("reset", {"route": "watch"}, ("retry", "failed", "network")),
    ("no_answer", {"route": "player", "seconds": 30}, ("retry", "failed", "timeout")),
    ("drip", {"route": "watch", "seconds": 6}, ("retry", "failed", "timeout")),
    ("redirect", {"route": "watch"}, ("fail", "failed", "unexpected")),
    ("redirect", {"route": "captions", "to": "http://www.youtube.com/x"}, ("fail", "failed", "unexpected")),
    ("redirect", {"route": "watch", "to": "/watch?v=" + ID}, ("fail", "failed", "unexpected")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "rule", "expected"), FAULTS, ids=[f"{kind} {rule}" for kind, rule, _ in FAULTS])
def test_every_trouble_is_told(
    youtube: RunningReplica, fetch: Fetch, kind: str, rule: dict[str, Any], expected: tuple[str, str, str | None]
) -> None:
    youtube.set_faults({"host": "youtube", "kind": kind, **rule})
    began = time.monotonic()
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is what the table is about
        fetch()
    outcome = judge(raised.value)
    assert outcome is not None, repr(raised.value)
    assert outcome[:3] == expected
    assert ID not in outcome.reason
    assert time.monotonic() - began < 3 * LIMITS.whole


def test_every_trouble_has_a_row() -> None:
    assert TROUBLES.keys() - {kind for kind, _, _ in FAULTS} == {"manual", "generated", "consent"}


def test_a_persons_captions_go_before_a_machines(youtube: RunningReplica, fetch: Fetch) -> None:
    youtube.set_faults({"kind": "manual"})
    found = fetch()
    assert (found.language, found.is_generated) == ("en", False)
    assert found.lines == [line.replace("<i>", "").replace("</i>", "") for line in spoken(ID, MANUAL)]


def test_a_machines_captions_serve_where_no_person_wrote_any(youtube: RunningReplica, fetch: Fetch) -> None:
    youtube.set_faults({"kind": "generated"})
    assert fetch()[:2] == ("en", True)


def test_languages_go_in_the_order_asked_for_and_nothing_is_translated(youtube: RunningReplica, fetch: Fetch) -> None:
    youtube.set_faults({"kind": "manual"})
    assert fetch(languages=("fr", "de", "en")).language == "de"
    youtube.set_faults({"kind": "other_language"})
    with pytest.raises(Exception) as raised:  # noqa: PT011 - see above
        fetch(languages=("en", "fr"))
    outcome = judge(raised.value)
    assert outcome is not None
    assert outcome.status == "no_language"
    assert not [entry for entry in youtube.entries() if "tlang" in entry["path"]]


def test_the_consent_page_costs_three_more_requests(youtube: RunningReplica, fetch: Fetch) -> None:
    youtube.set_faults({"kind": "consent"})
    before = len(youtube.entries())
    assert fetch().language == "en"
    paths = [entry["path"].partition("?")[0] for entry in youtube.entries()[before:]]
    assert paths == ["/watch", "/m", "/watch", "/youtubei/v1/player", "/api/timedtext"]


def test_three_requests_make_a_transcript(youtube: RunningReplica, fetch: Fetch) -> None:
    youtube.set_faults()
    before = len(youtube.entries())
    fetch("3ebBfK91NmM")
    asked = youtube.entries()[before:]
    assert [entry["video"] for entry in asked] == ["3ebBfK91NmM"] * 3
    assert {entry["host"] for entry in asked} == {"youtube"}


def test_generated_videos_have_captions_of_both_kinds() -> None:
    assert {len(tracks(f"video{number:06}")) for number in range(20)} == {1, 2}


def test_captions_made_to_be_slow_are_refused() -> None:
    check_answer("/api/timedtext", b"<transcript>" + b"<text start='0'>it&amp;#39;s</text>" * 20_000 + b"</transcript>")
    for body in (b"<transcript><text>" + b"&lt;" * 100_000, b"<transcript><![CDATA[<<<<]]>"):
        with pytest.raises(UnusableAnswer):
            check_answer("/api/timedtext", body)
