"""robots.txt as RFC 9309 says, read from a real server: one origin (a port) for each row of the table."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from n8n_scraper.middlewares.robots import RobotsMiddleware
from n8n_scraper.politeness.gate import MISSED_AFTER
from n8n_scraper.replica.process import running_replica

from ..waiting import PATIENCE

ROOT = Path(__file__).parents[2]
ANY_HOST = dict.fromkeys(("http", "https"), "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler")
"""Ours asks the two configured hosts only."""
CLOSED = "User-agent: *\nDisallow: /\n"
CHALLENGE = "<html><head><title>Just a moment...</title></head></html>"
Answer = Callable[[str, int], web.Response]
"""Made from the path and the number of the request for robots.txt."""


class Reset(Exception):
    """Break the connection."""


class Case(NamedTuple):
    answer: Answer
    outcome: str | None
    requests: int


def text(body: str, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda path, number: web.Response(text=body, status=status, headers=named)


def redirects(hops: int, body: str) -> Answer:
    def answer(path: str, number: int) -> web.Response:
        hop = int(path.removeprefix("/hop") or 0) if path.startswith("/hop") else 0
        if hop == hops:
            return web.Response(text=body)
        return web.Response(status=301, headers={"Location": f"/hop{hop + 1}"})

    return answer


def first(then: Answer, now: Answer) -> Answer:
    return lambda path, number: (now if number == 1 else then)(path, number)


def reset(path: str, number: int) -> web.Response:
    raise Reset


def long(rule_at: int) -> str:
    return "User-agent: *\n" + "# a line of sixteen\n" * (rule_at // 20) + "Disallow: /\n"


ALLOWED, DISALLOWED, UNREACHABLE = None, "Disallowed", "IgnoreRequest"
CASES = {
    "rules that close it": Case(text(CLOSED), DISALLOWED, 1),
    "rules for another path": Case(text("User-agent: *\nDisallow: /private"), ALLOWED, 1),
    "rules for us by name": Case(
        text("User-agent: n8n_scraper\nDisallow: /\n\nUser-agent: *\nAllow: /"), DISALLOWED, 1
    ),
    "rules for another": Case(text("User-agent: elsebot\nDisallow: /"), ALLOWED, 1),
    "a longer rule wins": Case(text("User-agent: *\nDisallow: /\nAllow: /page"), ALLOWED, 1),
    "an empty file": Case(text(""), ALLOWED, 1),
    "a byte order mark": Case(text("\ufeff" + CLOSED), DISALLOWED, 1),
    "a page in its place": Case(text("<html><body>Welcome</body></html>"), ALLOWED, 1),
    "a rule in the first 500 KiB": Case(text(long(400_000)), DISALLOWED, 1),
    "a rule behind them": Case(text(long(600_000)), ALLOWED, 1),
    "no content": Case(text("", 204), ALLOWED, 1),
    "404": Case(text("Not found", 404), ALLOWED, 1),
    "410": Case(text("Gone", 410), ALLOWED, 1),
    "401": Case(text("Who are you?", 401), ALLOWED, 1),
    "403": Case(text("No", 403), ALLOWED, 1),
    "a challenge with 403": Case(text(CHALLENGE, 403), UNREACHABLE, 1),
    "a challenge with 200": Case(text(CHALLENGE), UNREACHABLE, 1),
    "a header of the guard": Case(text("", 403, cf_mitigated="challenge"), UNREACHABLE, 1),
    "500": Case(text("Oops", 500), UNREACHABLE, 4),
    "429": Case(text("Slow down", 429), UNREACHABLE, 4),
    "505": Case(text("Oops", 505), UNREACHABLE, 1),
    "503 for an hour": Case(text("Later", 503, Retry_After="3600"), UNREACHABLE, 1),
    "503 once": Case(first(text(CLOSED), text("Later", 503)), DISALLOWED, 2),
    "429 once": Case(first(text(""), text("Slow down", 429, Retry_After="2")), ALLOWED, 2),
    "connections reset": Case(reset, UNREACHABLE, 4),
    "one connection reset": Case(first(text(CLOSED), reset), DISALLOWED, 2),
    "a redirect on the host": Case(redirects(1, CLOSED), DISALLOWED, 2),
    "five redirects": Case(redirects(5, CLOSED), DISALLOWED, 6),
    "six redirects": Case(redirects(6, ""), UNREACHABLE, 6),
    "a redirect to another host": Case(text("", 302, Location="http://localhost:9/robots.txt"), UNREACHABLE, 1),
    "a redirect to nowhere": Case(text("", 302), UNREACHABLE, 1),
}


@dataclass
class Server:
    """All cases at once, each on a port of its own; counts what is asked for robots.txt, redirects included."""

    cases: list[Case]
    ports: list[int] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    visits: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Moments at which the page was asked for."""

    async def answer(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        index = self.ports.index(request.transport.get_extra_info("sockname")[1])
        if request.path == "/page":
            self.visits[index].append(time.monotonic())
            return web.Response(text="here")
        self.counts[index] += 1
        try:
            return self.cases[index].answer(request.path, self.counts[index])
        except Reset:
            request.transport.abort()
            return web.Response()

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        for _ in self.cases:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.ports.extend(address[1] for address in runner.addresses)
        ready.set()
        await stop.wait()
        await runner.cleanup()


@contextmanager
def serving(*cases: Case) -> Iterator[Server]:
    server = Server(list(cases))
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve(ready, stop)))
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def crawl(urls: list[str], site: str, api: str, **settings: Any) -> dict[str, Any]:
    given = {
        "N8N_SCRAPER_SITE_URL": site,
        "N8N_SCRAPER_API_URL": api,
        "N8N_SCRAPER_REQUESTS_PER_SECOND": 0,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": 100,
        **settings,
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/politeness/mini_crawl.py"), json.dumps({"urls": urls, "settings": given})],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_what_each_robots_txt_means() -> None:
    with serving(*CASES.values()) as server:
        origins = [f"http://127.0.0.1:{port}" for port in server.ports]
        urls = [f"{origin}/page" for origin in origins] * 2
        result = crawl(urls, "http://127.0.0.1:1", "http://127.0.0.1:2", DOWNLOAD_HANDLERS=ANY_HOST)
    outcomes = {outcome["url"]: outcome["kind"] for outcome in result["outcomes"]}
    told = {name: outcomes[f"{origin}/page"] for name, origin in zip(CASES, origins, strict=True)}
    assert told == {name: case.outcome for name, case in CASES.items()}
    counted = {name: server.counts[index] for index, name in enumerate(CASES)}
    assert counted == {name: case.requests for name, case in CASES.items()}, "one robots.txt for two requests"
    assert {name for index, name in enumerate(CASES) if server.visits[index]} == {
        name for name, case in CASES.items() if case.outcome is ALLOWED
    }
    stats = result["stats"]
    assert stats["robotstxt/request_count"] == sum(case.requests for case in CASES.values())
    assert stats["robotstxt/forbidden"] == 2 * sum(case.outcome == DISALLOWED for case in CASES.values())
    assert stats["robotstxt/unreachable_count"] == sum(case.outcome == UNREACHABLE for case in CASES.values())
    assert stats["finish_reason"] == "finished", "other hosts are left out, the crawl goes on"


@pytest.mark.parametrize(("obey", "kind", "requests"), [(True, "Disallowed", 1), (False, "gone", 0)])
def test_a_closed_api_may_be_opened_for_that_host_alone(obey: bool, kind: str, requests: int) -> None:
    with running_replica(count=5, api_robots="closed") as replica:
        urls = [f"{replica.api_url}/api/templates/workflows/999999", f"{replica.site_url}/cdn-cgi/x"]
        result = crawl(urls, replica.site_url, replica.api_url, N8N_SCRAPER_API_ROBOTSTXT_OBEY=obey)
        robots = Counter(entry["host"] for entry in replica.entries() if entry["path"] == "/robots.txt")
    outcomes = {outcome["url"]: outcome["kind"] for outcome in result["outcomes"]}
    assert outcomes == {urls[0]: kind, urls[1]: "Disallowed"}
    assert robots == {"site": 1, **({"api": 1} if requests else {})}


@pytest.mark.parametrize(("fault", "reason"), [("505", "robots_unreachable"), ("403", "blocked")])
def test_an_unreachable_robots_txt_of_ours_ends_the_crawl(fault: str, reason: str) -> None:
    with running_replica(count=5, faults=[{"kind": fault, "route": "robots", "host": "api"}]) as replica:
        result = crawl([f"{replica.api_url}/x"] * 5, replica.site_url, replica.api_url)
        assert [entry["path"] for entry in replica.entries()] == ["/robots.txt"]
    assert result["stats"]["finish_reason"] == reason


def test_a_redirect_between_our_two_hosts_is_followed() -> None:
    with running_replica(count=5, api_robots="closed") as replica:
        closed = f"{replica.api_url}/robots.txt"
        replica.set_faults({"kind": "redirect", "to": closed, "route": "robots", "host": "site"})
        result = crawl([f"{replica.site_url}/missing"], replica.site_url, replica.api_url)
    assert [outcome["kind"] for outcome in result["outcomes"]] == ["Disallowed"]


@pytest.mark.parametrize("asked", ["0.5", "nan"])
def test_a_crawl_delay_slows_the_gate(asked: str) -> None:
    with serving(Case(text(f"User-agent: *\nCrawl-delay: {asked}\n"), ALLOWED, 1)) as server:
        origin = f"http://127.0.0.1:{server.ports[0]}"
        crawl([f"{origin}/page"] * 4, origin, "http://127.0.0.1:2", N8N_SCRAPER_REQUESTS_PER_SECOND=50)
    moments = server.visits[0]
    assert (moments[-1] - moments[0] > 3 * 0.5 - MISSED_AFTER) == (asked == "0.5")


def test_robots_txt_cannot_be_switched_off() -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        crawl([], "http://127.0.0.1:1", "http://127.0.0.1:2", ROBOTSTXT_OBEY=False)
    assert "N8N_SCRAPER_API_ROBOTSTXT_OBEY=False, for that host alone" in failed.value.stderr


def test_rules_are_read_again_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("n8n_scraper.middlewares.robots.time", SimpleNamespace(monotonic=lambda: clock.now))
    bodies = iter([CLOSED, ""])

    async def download_async(request: Request) -> Response:
        return Response(request.url, body=next(bodies).encode())

    crawler = get_crawler(settings_dict={"ROBOTSTXT_OBEY": True})
    monkeypatch.setattr(crawler, "get_extension", lambda cls: None)
    monkeypatch.setattr(crawler, "_engine", SimpleNamespace(download_async=download_async))
    robots = RobotsMiddleware.from_crawler(crawler)

    async def scenario() -> list[bool]:
        verdicts = []
        for clock.now in (0.0, 86_000.0, 87_000.0):
            verdicts.append(await robots.verdict("https://n8n.io/workflows/1-x/"))
        return verdicts

    assert asyncio.run(scenario()) == [False, False, True]


def test_who_waits_no_more_leaves_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered, heard = asyncio.Event(), asyncio.Event(), []

    async def download_async(request: Request) -> Response:
        asked.set()
        await answered.wait()
        return Response(request.url, status=505)

    crawler = get_crawler(settings_dict={"ROBOTSTXT_OBEY": True})
    monkeypatch.setattr(crawler, "get_extension", lambda cls: None)
    monkeypatch.setattr(crawler, "_engine", SimpleNamespace(download_async=download_async))
    robots = RobotsMiddleware.from_crawler(crawler)

    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context["message"]))
        verdict = asyncio.ensure_future(robots.verdict("https://n8n.io/workflows/1-x/"))
        await asked.wait()
        verdict.cancel()
        await asyncio.wait([verdict])
        answered.set()
        await asyncio.wait([rules for _, rules in robots._rules.values()])
        robots._rules.clear()

    asyncio.run(scenario())
    assert [message for message in heard if "never retrieved" in message] == []
