"""Each kind of fault as a client meets it."""

from __future__ import annotations

import gzip
import http.client
import json
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.fault_rules import NAMED_KINDS
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.replica.youtube import TROUBLES

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def faulty() -> Iterator[RunningReplica]:
    with running_replica(count=30, icons=0, traps=0) as running:
        yield running


@pytest.fixture(scope="module")
def address(faulty: RunningReplica) -> str:
    return f"{faulty.api_url}/api/templates/workflows/{faulty.library()[0]['id']}"


@pytest.fixture(scope="module")
def sound(faulty: RunningReplica, address: str, ask: Ask) -> bytes:
    faulty.set_faults()
    body: bytes = ask(address).body
    return body


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "text"),
    [
        ("204", 204, None, ""),
        ("400", 400, "text/plain", "Error"),
        ("403", 403, "text/html", "Sorry, you have been blocked"),
        ("404", 404, "text/plain", "Not found"),
        ("410", 410, "text/plain", "Gone"),
        ("429", 429, "text/plain", "Too Many Requests"),
        ("451", 451, "text/html", "Sorry, you have been blocked"),
        ("500", 500, "text/html", "500: Internal Server Error"),
        ("502", 502, "text/html", "502: Bad Gateway"),
        ("503", 503, "text/html", "503: Service Temporarily Unavailable"),
        ("520", 520, "text/html", "520: Web server is returning an unknown error"),
        ("599", 599, "text/html", "599: Server error"),
        ("html", 200, "text/html", "Checking your browser"),
        ("empty", 200, "application/json", ""),
        ("redirect", 302, None, ""),
    ],
)
def test_answers_of_their_own(
    faulty: RunningReplica, address: str, ask: Ask, kind: str, status: int, content_type: str | None, text: str
) -> None:
    faulty.set_faults({"kind": kind, "retry_after": 7})
    answer = ask(address)
    assert answer.status == status
    assert answer.headers.get("content-type", "").split(";")[0] == (content_type or "")
    assert text in answer.text if text else answer.text == ""
    assert answer.headers.get("retry-after") == ("7" if kind.isdecimal() else None)
    entry = faulty.entries()[-1]
    assert (entry["status"], entry.get("retry_after")) == (status, answer.headers.get("retry-after"))


def test_a_404_of_the_site_is_its_long_page(faulty: RunningReplica, ask: Ask) -> None:
    faulty.set_faults({"host": "site", "kind": "404"})
    answer = ask(f"{faulty.site_url}/robots.txt")
    assert (answer.status, len(answer.text) > 12_000) == (404, True)


def test_a_redirect_leads_off_the_site_or_where_it_is_told(faulty: RunningReplica, address: str, ask: Ask) -> None:
    faulty.set_faults({"kind": "redirect"})
    assert ask(address).headers["location"] == "https://elsewhere.invalid/"
    faulty.set_faults({"kind": "redirect", "to": "/robots.txt"})
    assert ask(address).headers["location"] == "/robots.txt"


@pytest.mark.parametrize("kind", ["truncated", "truncated_chunked"])
def test_truncated_bodies(faulty: RunningReplica, address: str, ask: Ask, sound: bytes, kind: str) -> None:
    faulty.set_faults({"kind": kind})
    with pytest.raises(http.client.IncompleteRead) as incomplete:
        ask(address)
    assert incomplete.value.partial == sound[: len(sound) // 2]
    assert (incomplete.value.expected is None) == (kind == "truncated_chunked")


@pytest.mark.parametrize(("kind", "seconds"), [("reset", 15.0), ("no_answer", 0.3)])
def test_nothing_is_sent(faulty: RunningReplica, address: str, ask: Ask, kind: str, seconds: float) -> None:
    faulty.set_faults({"kind": kind, "seconds": seconds})
    begun = time.monotonic()
    with pytest.raises(ConnectionResetError):
        ask(address)
    assert (time.monotonic() - begun > seconds) == (kind == "no_answer")
    assert (faulty.entries()[-1]["status"], faulty.entries()[-1]["fault"]) == (0, kind)


def test_reset_on_a_kept_alive_connection(faulty: RunningReplica, address: str) -> None:
    faulty.set_faults({"kind": "reset_kept_alive"})
    host, _, path = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", f"/{path}")
    response = connection.getresponse()
    assert (response.status, len(response.read()) > 1000) == (200, True)
    connection.request("GET", f"/{path}")
    with pytest.raises(ConnectionResetError):
        connection.getresponse()
    connection.close()


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_late_answers_are_whole(faulty: RunningReplica, address: str, ask: Ask, sound: bytes, kind: str) -> None:
    faulty.set_faults({"kind": kind, "seconds": 0.4})
    begun = time.monotonic()
    assert ask(address).body == sound
    assert time.monotonic() - begun >= 0.4


def test_a_dripping_body_begins_at_once(faulty: RunningReplica, address: str) -> None:
    faulty.set_faults({"kind": "drip", "seconds": 2})
    host, _, path = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    begun = time.monotonic()
    connection.request("GET", f"/{path}")
    response = connection.getresponse()
    first = time.monotonic() - begun
    response.read()
    assert first < (time.monotonic() - begun) / 2
    connection.close()


def test_malformed_json(faulty: RunningReplica, address: str, ask: Ask) -> None:
    faulty.set_faults({"kind": "malformed"})
    answer = ask(address)
    assert answer.status == 200
    with pytest.raises(ValueError):  # noqa: PT011 - bad bytes or bad JSON, both are the point
        json.loads(answer.body)


def test_huge_bodies(faulty: RunningReplica, address: str, ask: Ask) -> None:
    faulty.set_faults({"kind": "huge", "bytes": 3_000_001})
    assert len(ask(address).body) == 3_000_001


def test_a_gzip_bomb(faulty: RunningReplica, address: str, ask: Ask) -> None:
    faulty.set_faults({"kind": "gzip_bomb", "bytes": 5_000_003})
    answer = ask(address)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 20_000
    assert len(gzip.decompress(answer.body)) == 5_000_003


def test_what_is_called_gzip_and_is_not(faulty: RunningReplica, address: str, ask: Ask) -> None:
    faulty.set_faults({"kind": "bad_gzip"})
    answer = ask(address)
    assert answer.headers["content-encoding"] == "gzip"
    with pytest.raises((OSError, EOFError, zlib.error)):
        gzip.decompress(answer.body)


def test_the_answer_for_another_id(faulty: RunningReplica, address: str, ask: Ask) -> None:
    first, second, third, *_ = (row["id"] for row in faulty.library() if row["listed"])
    faulty.set_faults({"id": first, "kind": "wrong_id"})
    assert json.loads(ask(address).body)["workflow"]["id"] == second
    faulty.set_faults({"id": first, "kind": "wrong_id", "to": third})
    assert json.loads(ask(address).body)["workflow"]["id"] == third


def test_the_page_of_another_id(faulty: RunningReplica, ask: Ask) -> None:
    first, second, *_ = (row for row in faulty.library() if row["listed"])
    faulty.set_faults({"route": "page", "kind": "wrong_id"})
    page = ask(f"{faulty.site_url}/workflows/{first['id']}-{first['slug']}/")
    assert f"/workflows/{second['id']}-{second['slug']}/" in page.text.partition("</head>")[0]


def test_an_unpublished_answer(faulty: RunningReplica, address: str, ask: Ask, sound: bytes) -> None:
    faulty.set_faults({"kind": "unpublished"})
    expected = json.loads(sound)
    expected["workflow"]["status"] = "unpublished"
    assert json.loads(ask(address).body) == expected


def test_an_answer_without_a_member(faulty: RunningReplica, address: str, ask: Ask, sound: bytes) -> None:
    faulty.set_faults({"kind": "without", "field": "workflow.user.username"})
    expected = json.loads(sound)
    del expected["workflow"]["user"]["username"]
    assert json.loads(ask(address).body) == expected
    faulty.set_faults({"kind": "without", "field": "nowhere.at.all"})
    assert json.loads(ask(address).body) == json.loads(sound)


def test_a_wrong_type_and_a_picture_that_claims_to_be_enormous(faulty: RunningReplica, ask: Ask) -> None:
    address = f"{faulty.media_url}/images/x.png"
    sound = ask(address)
    faulty.set_faults({"kind": "wrong_type"})
    assert (ask(address).body, ask(address).headers["content-type"]) == (sound.body, "text/plain; charset=utf-8")
    faulty.set_faults({"kind": "image_bomb"})
    assert struct.unpack(">II", ask(address).body[16:24]) == (60_000, 60_000)
    assert len(ask(address).body) < 5_000


def test_every_named_kind_has_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in NAMED_KINDS if f'"{kind}"' not in text] == list(TROUBLES), "see tests/transcripts"


def test_a_plan_changes_while_requests_are_under_way(faulty: RunningReplica, address: str, ask: Ask) -> None:
    faulty.set_faults({"kind": "500", "times": 2})
    assert [ask(address).status for _ in range(3)] == [500, 500, 200]
    assert faulty.faults()["rules"] == [{"kind": "500", "times": 2, "fired": 2}]
    faulty.set_faults({"kind": "503"})
    assert ask(address).status == 503
    faulty.set_faults()
    assert ask(address).status == 200


def test_a_bad_plan_is_refused_and_the_former_one_stays(faulty: RunningReplica, address: str, ask: Ask) -> None:
    faulty.set_faults({"kind": "500"})
    with pytest.raises(StartError, match="Fault rule 1: kind = '5000': no such kind"):
        faulty.set_faults({"kind": "5000"})
    assert ask(address).status == 500


def test_its_own_endpoints_are_never_faulty(faulty: RunningReplica) -> None:
    faulty.set_faults({"kind": "reset"})
    assert faulty.faults()["requests"] == 0
    assert faulty.stats()["requests"] >= 0


def test_a_plan_from_the_start(ask: Ask) -> None:
    with running_replica(count=1, faults=[{"path": "/api/health", "kind": "502", "at_most": 1}]) as replica:
        assert [ask(f"{replica.api_url}/api/health").status for _ in range(2)] == [502, 200]
        assert replica.stats()["by_fault"] == {"502": 1}


def test_a_bad_plan_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no such kind"), running_replica(count=1, faults=[{"kind": "5000"}]):
        pass
