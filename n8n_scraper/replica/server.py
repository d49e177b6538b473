"""The replica itself: two loopback ports, one event loop."""

from __future__ import annotations

import asyncio
import gzip
import time
from typing import Any

from aiohttp import web

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.access_log import AccessLog
from n8n_scraper.replica.api import Api
from n8n_scraper.replica.control import control
from n8n_scraper.replica.library import Library
from n8n_scraper.replica.opening import open_library
from n8n_scraper.replica.options import Options
from n8n_scraper.replica.replies import PLAIN, Reply
from n8n_scraper.replica.routes import HOSTS, Route, route
from n8n_scraper.replica.site import Site
from n8n_scraper.replica.traffic import Traffic

_GRACE = 0.2
"""Seconds that requests under way have when the replica stops."""


class Replica:
    """Serves from :meth:`start` to :meth:`stop`; ``library``, ``site_url`` and ``api_url`` are there in between."""

    library: Library

    def __init__(self, options: Options) -> None:
        self.traffic = Traffic()
        self.site_url = self.api_url = ""
        self._options = options
        self._latency = options.random_latency()
        self._log = AccessLog(options.access_log)
        self._runners: list[web.ServerRunner] = []
        self._hosts: dict[str, Site | Api] = {}

    async def start(self) -> None:
        """Bind both ports and open the library; a StartError when a port is taken or a corpus is bad."""
        ports = {"site": self._options.site_port, "api": self._options.api_port}
        urls = {host: await self._listen(host, ports[host]) for host in HOSTS}
        self.site_url, self.api_url = urls["site"], urls["api"]
        self.library = open_library(self._options, self.site_url)
        self._hosts = {
            "site": Site(self.library, self.site_url, self._options.bare_id),
            "api": Api(self.library, self._options.api_robots),
        }

    async def stop(self) -> None:
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))
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
        self.traffic.arrive(arrived)
        if delay := self._latency():
            await asyncio.sleep(delay)
        reply = self._reply(host, asked, request)
        self.traffic.answer(host, reply.status, asked.kind, None)
        self._log.write(arrived, host, request.path_qs, reply.status, asked.id, None)
        return _response(request, reply)

    def _reply(self, host: str, asked: Route, request: web.BaseRequest) -> Reply:
        if request.method not in {"GET", "HEAD"}:
            return Reply(405, b"Method Not Allowed", PLAIN, {"Allow": "GET, HEAD"})
        return self._hosts[host].answer(asked, request.query)


def _response(request: web.BaseRequest, reply: Reply) -> web.Response:
    headers: dict[str, Any] = {**reply.headers, "Vary": "Accept-Encoding"}
    body = reply.body
    if reply.status not in {204, 301}:
        text = not reply.content_type.startswith("image/")
        headers["Content-Type"] = f"{reply.content_type}; charset=utf-8" if text else reply.content_type
        if text and len(body) > 500 and "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["Content-Encoding"] = "gzip"
    return web.Response(status=reply.status, body=body, headers=headers)
