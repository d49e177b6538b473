"""The library's code over answers that were recorded from the replica's YouTube: what it asks for, and what it makes of
it, without a server. A missing cassette is recorded, and the test fails until somebody has looked at it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from betamax import Betamax

from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.replica.youtube import Track, spoken
from n8n_scraper.transcripts.fetching import Captions, fetch_captions
from n8n_scraper.transcripts.outcomes import judge
from n8n_scraper.transcripts.transport import Transport, new_session

from .conftest import ID, LIMITS

CASSETTES = Path(__file__).parents[1] / "fixtures" / "cassettes"
THREE = ["GET /watch", "POST /youtubei/v1/player", "GET /api/timedtext"]
RECORDED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "manual": ({"kind": "manual"}, "ok", THREE),
    "generated": ({"kind": "generated"}, "ok", THREE),
    "consent": ({"kind": "consent"}, "ok", ["GET /watch", "GET /m", *THREE]),
    "captions-disabled": ({"kind": "captions_disabled"}, "disabled", THREE[:2]),
    "other-language": ({"kind": "other_language"}, "no_language", THREE[:2]),
    "unavailable": ({"kind": "unavailable"}, "unavailable", THREE[:2]),
    "unplayable": ({"kind": "unplayable"}, "unplayable", THREE[:2]),
    "age-restricted": ({"kind": "age_restricted"}, "age_restricted", THREE[:2]),
    "bot": ({"kind": "bot"}, "blocked", THREE[:2]),
    "recaptcha": ({"kind": "recaptcha"}, "blocked", THREE[:1]),
    "po-token": ({"kind": "po_token"}, "blocked", THREE[:2]),
    "no-consent": ({"kind": "no_consent"}, "blocked", THREE[:1]),
    "status-429": ({"host": "youtube", "route": "watch", "kind": "429"}, "blocked", THREE[:1]),
    "status-500": ({"host": "youtube", "route": "player", "kind": "500"}, "failed", THREE[:2]),
    "empty-captions": ({"host": "youtube", "route": "captions", "kind": "empty"}, "failed", THREE),
    "odd-player": ({"kind": "odd_player"}, "failed", THREE[:2]),
    "odd-page": ({"kind": "odd_page"}, "failed", THREE[:1]),
}
"""Name → what the replica did, the status of the transcript, the requests."""

# betamax 0.9 asks for the time in a way that Python 3.12 deprecates
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def _nothing_is_sent(number: int) -> None:
    pytest.fail("a request went out")


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers(name: str) -> None:
    rule, status, requests = RECORDED[name]
    file = CASSETTES / f"{name}.json"
    if not file.exists():
        with running_replica(count=1, traps=0, icons=0) as replica:
            replica.set_faults(rule)
            _play(name, replica)
        file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")), indent=1) + "\n", encoding="utf-8")
        pytest.fail(f"{file.name} was recorded: review it, then run again")
    found = _play(name, None)
    if isinstance(found, Captions):
        track = Track(found.language, found.is_generated)
        assert found.lines == [line.replace("<i>", "").replace("</i>", "") for line in spoken(ID, track)]
        assert (status, found.is_generated) == ("ok", name == "generated")
    else:
        outcome = judge(found)
        assert outcome is not None
        assert outcome.status == status
    played = json.loads(file.read_text(encoding="utf-8"))["http_interactions"]
    asked = [interaction["request"] for interaction in played]
    assert [
        f"{request['method']} {request['uri'].partition('youtube.com')[2].partition('?')[0]}" for request in asked
    ] == requests


def _play(name: str, replica: RunningReplica | None) -> Captions | Exception:
    """What the library brings or raises, recording where there is a replica."""
    turn = _nothing_is_sent if replica is None else lambda number: None
    address = replica.youtube_url if replica else "http://127.0.0.1:9"
    session = new_session(Transport(address, LIMITS, turn, lambda status, sent_at, wait: None), "n8n_scraper tests")
    recorder = Betamax(session, cassette_library_dir=str(CASSETTES))
    mode = "none" if replica is None else "once"
    with session, recorder.use_cassette(name, record=mode, match_requests_on=["method", "uri"]):
        try:
            return fetch_captions(ID, session, ("en",))
        except Exception as error:  # noqa: BLE001 - which one is what the table is about
            return error


def test_every_cassette_is_used() -> None:
    assert {file.stem for file in CASSETTES.glob("*.json")} == RECORDED.keys()
