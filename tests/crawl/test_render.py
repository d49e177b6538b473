"""Pages in a real headless Chromium, judged by the rows and by what reached the replica, and others."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from n8n_scraper.browser.launch import find_browser
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import RunningReplica, running_replica

from ..waiting import PATIENCE
from .conftest import Crawl, Crawler

needs_browser = pytest.mark.skipif(
    find_browser("") is None and "TESTS_NEED_BROWSER" not in os.environ,
    reason="no browser here: apt-get install chromium",
)
NewReplica = Callable[..., RunningReplica]
OF_THE_CRAWL = {
    *("first_seen_at", "scraped_at", "changed_at", "run_id"),
    *("service_seconds", "request_count", "attempt_count"),
}


def comparable(rows: list[dict[str, Any]], replica: RunningReplica) -> list[dict[str, Any]]:
    """Rows without what a crawl says of itself; the replica's address differs too."""
    text = json.dumps([{name: row[name] for name in row.keys() - OF_THE_CRAWL} for row in rows], sort_keys=True)
    made: list[dict[str, Any]] = json.loads(text.replace(replica.site_url, "https://n8n.io"))
    return made


def rendered_count(stats: dict[str, Any]) -> int:
    return int(stats.get("render/page_count", 0))


LIBRARY: dict[str, Any] = {"count": 8, "traps": 1, "seed": 3, "api_robots": "closed"}
"""Each template has another trap."""


@pytest.fixture(scope="module")
def twin(module_crawl: Crawler) -> Iterator[tuple[Crawl, RunningReplica]]:
    """A crawl of pages as the site gives them, which also told what it imported."""
    with running_replica(**LIBRARY) as replica:
        with pytest.MonkeyPatch.context() as patch:  # no other crawl says that much: nobody reads it while they run
            patch.setenv("PYTHONPROFILEIMPORTTIME", "1")
            done = module_crawl(replica)
        yield done, replica


def test_where_nothing_needs_a_browser_nothing_of_one_is_imported(twin: tuple[Crawl, RunningReplica]) -> None:
    done, _ = twin
    assert done.code == 0, done.said
    assert rendered_count(done.stats()) == 0
    assert "n8n_scraper.middlewares.render" in done.said
    assert "playwright" not in done.said


@needs_browser
@pytest.mark.parametrize(("built", "requests"), [("xhr", 9), ("inline", 0)])
def test_a_rendered_page_gives_the_row_of_its_static_twin(
    crawl: Crawler, twin: tuple[Crawl, RunningReplica], new_replica: NewReplica, built: str, requests: int
) -> None:
    static, static_replica = twin
    replica = new_replica(**LIBRARY, pages=built)
    done = crawl(replica, N8N_SCRAPER_REQUESTS_PER_SECOND=20)
    assert done.code == 0, done.said
    assert comparable(done.snapshot(), replica) == comparable(static.snapshot(), static_replica)
    stats, traffic = done.stats(), replica.stats()
    assert rendered_count(stats) == 8
    assert stats.get("render/request_count", 0) == requests, "one script for all pages, and each page's own data"
    assert stats["rate/request_count"] == traffic["requests"] == 12 + requests
    assert traffic["max_in_1s"] <= 26, "20 turns, and what was sent late"
    assert set(Counter((entry["host"], entry["path"]) for entry in replica.entries()).values()) == {1}, (
        "nothing is asked for twice"
    )
    assert set(traffic["by_kind"]) <= {"api/robots", "site/robots", "site/sitemap_index", "site/sitemap", "site/page", "site/script", "site/payload"}  # fmt: skip


@needs_browser
def test_beside_the_api_pages_are_rendered_for_the_price(crawl: Crawler, new_replica: NewReplica) -> None:
    replica = new_replica(count=2, traps=0, paid=1, pages="inline")
    done = crawl(replica, "page=yes")
    assert done.code == 0, done.said
    assert [(row["crawl_status"], row["is_paid"]) for row in done.snapshot()] == [("complete", True)] * 2
    assert rendered_count(done.stats()) == 2


@needs_browser
def test_what_went_wrong_with_a_part_of_the_page_is_what_went_wrong(crawl: Crawler, new_replica: NewReplica) -> None:
    faults = [
        {"id": 1, "route": "payload", "kind": "503", "times": 1},
        {"id": 2, "route": "payload", "kind": "404"},
        {"id": 3, "route": "payload", "kind": "403"},
        {"id": 4, "route": "page", "kind": "403"},
        {"id": 5, "route": "page", "kind": "404"},
    ]
    replica = new_replica(count=5, traps=0, api_robots="closed", pages="xhr", faults=faults)
    done = crawl(replica, "render=always")
    rows = {row["id"]: (row["layer3_status"], row["error_kind"], row["attempt_count"]) for row in done.snapshot()}
    assert rows == {
        1: ("ok", None, 2),
        2: ("failed", "malformed", 4),
        3: ("blocked", "blocked", 1),
        4: ("blocked", "blocked", 1),
        5: ("gone", "gone", 1),
    }
    asked = Counter(entry["id"] for entry in replica.entries() if entry["path"].endswith("_payload.json"))
    assert asked == {1: 2, 2: 4, 3: 1}, "what is blocked or gone is not rendered"


class Stranger:
    """Somebody else's host: counts what reaches it."""

    def __init__(self) -> None:
        self.met: list[bytes] = []
        self._tcp, self._udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.tcp, self.udp = (each.getsockname()[1] for each in (self._tcp, self._udp))
        self._threads = [threading.Thread(target=listen, daemon=True) for listen in (self._accept, self._receive)]
        for thread in self._threads:
            thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            with connection:
                connection.settimeout(1)
                said = connection.recv(100)
            if said == b"end":
                return
            self.met.append(said)

    def _receive(self) -> None:
        while (said := self._udp.recv(100)) != b"end":
            self.met.append(said)

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.tcp)) as end:
            end.send(b"end")
        self._udp.sendto(b"end", ("127.0.0.1", self.udp))
        for thread in self._threads:
            thread.join(10)
        self._tcp.close()
        self._udp.close()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    made = Stranger()
    yield made
    made.close()


CURIOUS = """\
<link rel="preconnect" href="http://127.0.0.1:TCP"><link rel="prefetch" href="http://127.0.0.1:TCP/prefetch">
<link rel="stylesheet" href="http://127.0.0.1:TCP/style.css"><img src="http://127.0.0.1:TCP/image.png"><img src="/images/own.png"><link rel="stylesheet" href="/own.css">
<iframe src="http://127.0.0.1:TCP/frame"></iframe><video src="http://127.0.0.1:TCP/video.mp4" autoplay></video>
<form id="form" method="post" target="_blank" action="http://127.0.0.1:TCP/form"></form>
<a id="download" download href="http://127.0.0.1:TCP/download">x</a>
<script>
const stranger = "http://127.0.0.1:TCP";
const attempts = [
  () => fetch(stranger + "/fetch", {mode: "no-cors", keepalive: true}), () => navigator.sendBeacon(stranger + "/beacon"),
  () => new WebSocket("ws://127.0.0.1:TCP/socket"), () => new EventSource(stranger + "/events"),
  () => window.open(stranger + "/popup"), () => document.getElementById("form").submit(),
  () => document.getElementById("download").click(), () => navigator.serviceWorker.register("/worker.js"),
  () => new Worker(URL.createObjectURL(new Blob([`fetch("${stranger}/worker"); new WebSocket("ws://127.0.0.1:TCP/w")`]))),
  () => { const peer = new RTCPeerConnection({iceServers: [{urls: "stun:127.0.0.1:UDP"}]});
          peer.createDataChannel("x"); peer.createOffer().then(offer => peer.setLocalDescription(offer)); },
  () => fetch("/missing/away"), () => fetch("/missing/post", {method: "POST"}), () => fetch("/cdn-cgi/trace"),
  () => { for (let i = 0; i < 60; i++) fetch("/missing/" + i); },
  () => { location.href = stranger + "/next"; },
];
for (const attempt of attempts) try { Promise.resolve(attempt()).catch(() => null); } catch (error) { }
</script>
"""


def corpus_of(path: Path, *descriptions: str) -> Path:
    """Recorded answers with these descriptions."""
    library = GeneratedLibrary(Recipe(count=len(descriptions), seed=5, traps=0))
    ids = [entry.id for entry in library.entries.values() if entry.is_published and entry.listed]
    answers = [json.loads(library.answer(id)) for id in ids]
    lines = [json.dumps({**answer, "description": text}) for answer, text in zip(answers, descriptions, strict=False)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@needs_browser
def test_nobody_but_the_site_is_reached_whatever_a_page_tries(
    crawl: Crawler, new_replica: NewReplica, stranger: Stranger, tmp_path: Path
) -> None:
    text = CURIOUS.replace("TCP", str(stranger.tcp)).replace("UDP", str(stranger.udp))
    away = {"path": "/missing/away", "kind": "redirect", "to": f"http://127.0.0.1:{stranger.tcp}/redirected"}
    replica = new_replica(corpus=corpus_of(tmp_path / "corpus.jsonl", text), api_robots="closed", faults=[away])
    done = crawl(replica, "render=always")
    assert done.code == 0, done.said
    assert [row["layer1_status"] for row in done.snapshot()] == ["ok"]
    assert rendered_count(done.stats()) == 1
    assert stranger.met == []
    refused = {name.rpartition("/")[2] for name in done.stats() if name.startswith("render/aborted_count/")}
    assert refused == {"host", "kind", "method", "limit", "robots", "navigation"}
    paths = [entry["path"] for entry in replica.entries()]
    assert "/cdn-cgi/trace" not in paths, "robots.txt forbids it"
    assert "/missing/post" not in paths
    assert sum(path.startswith("/missing/") for path in paths) <= 50
    assert "/worker.js" not in paths


@needs_browser
def test_a_page_that_never_rests_is_ended_and_costs_the_next_nothing(
    crawl: Crawler, new_replica: NewReplica, tmp_path: Path
) -> None:
    descriptions = ("<script>while (true) { }</script>", "<p>good</p>")
    replica = new_replica(corpus=corpus_of(tmp_path / "corpus.jsonl", *descriptions), api_robots="closed")
    done = crawl(replica, "render=always", N8N_SCRAPER_WORKFLOW_TIMEOUT=10)
    assert done.code == 0, done.said
    assert [row["error_kind"] for row in done.snapshot()] == ["timeout", None]


@needs_browser
def test_a_page_that_grows_in_the_browser_has_the_bound_of_all_answers(
    crawl: Crawler, new_replica: NewReplica, tmp_path: Path
) -> None:
    descriptions = (
        "<script>document.write('<p>' + 'x'.repeat(3e6))</script>",
        "<p>a lone surrogate: <b></b></p><script>"
        "document.addEventListener('DOMContentLoaded', () => document.querySelector('b').append('\\ud800'))</script>",
    )
    replica = new_replica(corpus=corpus_of(tmp_path / "corpus.jsonl", *descriptions), api_robots="closed")
    done = crawl(replica, "render=always", N8N_SCRAPER_MAX_BODY_BYTES=2_000_000)
    assert done.code == 0, done.said
    assert [(row["error_kind"], row["attempt_count"]) for row in done.snapshot()] == [("too_large", 1), (None, 1)]
    assert "a lone surrogate: " in done.snapshot()[1]["description"]


def wait_for_browser(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Until a browser has a page open; returns all that belong to the crawl."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, "the crawl ended before"
        found = psutil.Process(process.pid).children(recursive=True)
        if any("--type=renderer" in words_of(each) for each in found):
            return found
        time.sleep(0.05)
    raise AssertionError("no browser was started")


def words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):  # ended meanwhile
        return []


def browser_of(processes: list[psutil.Process]) -> psutil.Process:
    return next(each for each in processes if any("remote-debugging-pipe" in word for word in words_of(each)))


@needs_browser
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_crawl_that_ends_leaves_no_browser(crawl: Crawler, new_replica: NewReplica, number: signal.Signals) -> None:
    replica = new_replica(count=40, traps=0, api_robots="closed", pages="xhr")
    process = crawl.start(replica, N8N_SCRAPER_REQUESTS_PER_SECOND=2)
    processes = wait_for_browser(process)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    assert alive == []


@needs_browser
def test_a_browser_that_dies_is_started_anew_and_costs_no_row(crawl: Crawler, new_replica: NewReplica) -> None:
    replica = new_replica(count=4, traps=0, api_robots="closed", pages="xhr")
    process = crawl.start(replica, N8N_SCRAPER_REQUESTS_PER_SECOND=2)
    browser_of(wait_for_browser(process)).kill()
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    rows = crawl.query("select layer3_status, error_kind from workflow_rows")
    assert rows == [{"layer3_status": "ok", "error_kind": None}] * 4


def test_without_a_browser_one_line_says_so_and_the_page_is_judged_as_it_is(
    crawl: Crawler, new_replica: NewReplica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    replica = new_replica(count=2, traps=0, api_robots="closed", pages="inline")
    refused = crawl(replica, "render=always")
    assert refused.code == 1
    assert "render=always: there is no browser" in refused.said
    done = crawl(replica)
    assert done.code == 0, done.said
    assert [row["error_kind"] for row in done.snapshot()] == ["malformed"] * 2
    assert done.said.count("because there is no browser") == 1


def test_a_browser_that_cannot_be_started_is_told_once(crawl: Crawler, new_replica: NewReplica) -> None:
    replica = new_replica(count=3, traps=0, api_robots="closed", pages="inline")
    done = crawl(replica, "render=always", N8N_SCRAPER_CHROMIUM="/bin/false")
    assert done.code == 0, done.said
    assert [row["error_kind"] for row in done.snapshot()] == ["internal"] * 3, "always means always"
    assert done.said.count("because the browser cannot be started") == 1
