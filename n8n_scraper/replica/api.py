"""The API host: what each path answers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from n8n_scraper.replica import answers, listing
from n8n_scraper.replica.library import Library
from n8n_scraper.replica.replies import NOT_FOUND, Reply, json_reply, text_reply
from n8n_scraper.replica.routes import Route

_ROBOTS = {"open": "User-agent: *\nAllow: /\n", "closed": "User-agent: *\nDisallow: /\n"}


class Api:
    """``robots`` is open or closed."""

    def __init__(self, library: Library, robots: str) -> None:
        self._answers: dict[str, Callable[[Route, Mapping[str, str]], Reply]] = {
            "detail": lambda route, _: answers.detail(library, route.id),
            "listing": lambda _, query: listing.search(library, query),
            "attributes": lambda route, _: answers.attributes(library, route.id),
            "import": lambda route, _: answers.importable(library, route.id),
            "categories": lambda *_: answers.categories(),
            "collections": lambda *_: json_reply({"collections": []}),
            "creators": lambda *_: json_reply({"creators": []}),
            "robots": lambda *_: text_reply(_ROBOTS[robots]),
            "health": lambda *_: json_reply({"status": "OK"}),
        }

    def answer(self, route: Route, query: Mapping[str, str]) -> Reply:
        answer = self._answers.get(route.kind)
        return answer(route, query) if answer else NOT_FOUND
