"""The replica itself: a loopback port for each host, one event loop."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect
from weakref import WeakSet

from aiohttp import web

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.access_log import AccessLog
from n8n_scraper.replica.api import Api
from n8n_scraper.replica.control import control
from n8n_scraper.replica.fault_replies import altered
from n8n_scraper.replica.fault_rules import Asked, Fault
from n8n_scraper.replica.faults import FaultPlan
from n8n_scraper.replica.images import Media
from n8n_scraper.replica.library import Library, listed
from n8n_scraper.replica.opening import open_library
from n8n_scraper.replica.options import Options
from n8n_scraper.replica.replies import PLAIN, Reply
from n8n_scraper.replica.routes import HOSTS, Route, route
from n8n_scraper.replica.site import Site
from n8n_scraper.replica.traffic import Traffic
from n8n_scraper.replica.wire import UNANSWERED, misbehave, response, video_of
from n8n_scraper.replica.youtube import CONSENT_COOKIE, YouTube

_GRACE = 0.2
"""Seconds that requests under way have when the replica stops."""


class Replica:
    """Serves from :meth:`start` to :meth:`stop`; ``library`` and the three addresses are there in between."""

    library: Library

    def __init__(self, options: Options) -> None:
        self.traffic = Traffic()
        self.faults = FaultPlan()
        self.site_url = self.api_url = self.youtube_url = self.media_url = ""
        self._options = options
        self._latency = options.random_latency()
        self._log = AccessLog(options.access_log)
        self._runners: list[web.ServerRunner] = []
        self._hosts: dict[str, Site | Api | YouTube | Media] = {}
        self._connections: WeakSet[asyncio.Transport] = WeakSet()

    async def start(self) -> None:
        """Bind the ports and open the library; a StartError when a port is taken, or a corpus or fault plan is bad."""
        if self._options.faults is not None:
            self.faults = FaultPlan.read(self._options.faults, started=time.monotonic())
        urls = {host: await self._listen(host, getattr(self._options, f"{host}_port")) for host in HOSTS}
        self.site_url, self.api_url = urls["site"], urls["api"]
        self.youtube_url, self.media_url = urls["youtube"], urls["media"]
        self.library = open_library(self._options, self.media_url)
        self._hosts = {
            "site": Site(self.library, self.site_url, self._options.bare_id, self._options.pages),
            "api": Api(self.library, self._options.api_robots),
            "youtube": YouTube(),
            "media": Media(),
        }

    async def stop(self) -> None:
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        if self._hosts:
            self.library.close()
        self._log.close()

    async def _listen(self, host: str, port: int) -> str:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._handle(host, request)

        runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=_GRACE)
        await runner.setup()
        self._runners.append(runner)
        try:
            await web.TCPSite(runner, self._options.bind, port).start()
        except OSError as error:
            raise StartError(f"Port {port} for the {host} cannot be used ({error.strerror}); choose another.") from None
        return f"http://{self._options.bind}:{runner.addresses[0][1]}"

    async def _handle(self, host: str, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/__"):
            return await control(self, request)
        arrived, asked = time.monotonic(), route(host, request.path)
        if host == "youtube":
            asked = asked._replace(rest=await video_of(request))
        if host != "youtube":  # the promise of a rate that the fullest windows are compared with is another one there
            self.traffic.arrive(arrived)
        fault = self.faults.pick(self._asked(host, asked, request), arrived)
        if fault is not None and fault.kind == "consent" and CONSENT_COOKIE in request.headers.get("Cookie", ""):
            fault = None
        if delay := self._latency():
            await asyncio.sleep(delay)
        reply = self._reply(host, asked, request)
        if fault is not None:
            reply = altered(fault, reply, self._substitute(host, asked, fault, request), asked.rest)
        self._account(arrived, host, asked, request, reply, fault)
        return await misbehave(request, fault, reply) if fault is not None else response(request, reply)

    def _asked(self, host: str, asked: Route, request: web.BaseRequest) -> Asked:
        kept_alive = request.transport in self._connections
        if request.transport is not None:
            self._connections.add(request.transport)
        video = asked.rest if host == "youtube" else None
        return Asked(host, asked.kind, request.path, asked.id, kept_alive, video, request.remote)

    def _reply(self, host: str, asked: Route, request: web.BaseRequest) -> Reply:
        allowed = ("POST",) if asked.kind == "player" else ("GET", "HEAD")
        if request.method not in allowed:
            return Reply(405, b"Method Not Allowed", PLAIN, {"Allow": ", ".join(allowed)})
        return self._hosts[host].answer(asked, request.query)

    def _substitute(self, host: str, asked: Route, fault: Fault, request: web.BaseRequest) -> Reply:
        """What stands in: the reply for another id, the one named or the next one listed; else the host's own 404."""
        ids = [entry.id for entry in listed(self.library)] if fault.kind == "wrong_id" else []
        if not ids:
            return self._hosts[host].answer(Route("other"), {})
        id_ = int(fault.to) if fault.to else ids[bisect(ids, asked.id or 0) % len(ids)]
        slug = self.library.entries[id_].slug if id_ in self.library.entries else ""
        return self._reply(host, asked._replace(id=id_, rest=slug), request)

    def _account(
        self, arrived: float, host: str, asked: Route, request: web.BaseRequest, reply: Reply, fault: Fault | None
    ) -> None:
        kind = fault.kind if fault is not None else None
        status = 0 if kind in UNANSWERED else reply.status
        self.traffic.answer(host, status, asked.kind, kind)
        video = asked.rest if host == "youtube" else None
        wait = reply.headers.get("Retry-After")
        client = None if request.remote == self._options.bind else request.remote
        more = {"fault": kind, "video": video, "retry_after": wait, "client": client}
        self._log.write(arrived, host, request.path_qs, status, asked.id, **more)
