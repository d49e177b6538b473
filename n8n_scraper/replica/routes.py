"""Which kind of thing a path asks for. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple


class Route(NamedTuple):
    """``rest`` is what the path says besides the id: a slug, a file name; of YouTube the id of the video."""

    kind: str
    id: int | None = None
    rest: str = ""


def _table(rows: dict[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern)) for kind, pattern in rows.items())


_ID = r"(?P<id>[0-9]{1,15})"
_TABLES = {
    "site": _table(
        {
            "page": rf"/workflows/{_ID}-(?P<rest>[^/]*)/?",
            "bare_page": rf"/workflows/{_ID}/?",
            "payload": rf"/workflows/{_ID}-(?P<rest>[^/]*)/_payload\.json",
            "script": r"/_nuxt/(?P<rest>[\w.-]+\.js)",
            "robots": r"/robots\.txt",
            "sitemap_index": r"/sitemap_index\.xml",
            "sitemap": r"/sitemap-workflows\.xml",
            "by_id": rf"/api/workflows/by-id/{_ID}",
            "image": r"/images/(?P<rest>[\w.-]+)",
        }
    ),
    "media": _table(
        {
            "robots": r"/robots\.txt",
            "image": r"/(?:images|private)/(?P<rest>[\w.-]+)",
        }
    ),
    "api": _table(
        {
            "detail": rf"/api/templates/workflows/{_ID}",
            "listing": r"/api/templates/search",
            "attributes": rf"/api/workflows/{_ID}",
            "import": rf"/api/workflows/templates/{_ID}",
            "robots": r"/robots\.txt",
            "categories": r"/api/templates/categories",
            "collections": r"/api/templates/collections",
            "creators": r"/api/creators",
            "health": r"/api/health",
        }
    ),
    "youtube": _table(
        {
            "watch": r"/watch",
            "player": r"/youtubei/v1/player",
            "captions": r"/api/timedtext",
            "consent": r"/m",
        }
    ),
}
HOSTS = tuple(_TABLES)
KINDS = (*dict.fromkeys(kind for table in _TABLES.values() for kind, _ in table), "other")


def route(host: str, path: str) -> Route:
    """The route of a path on one of :data:`HOSTS`; kind ``other`` where there is none."""
    for kind, pattern in _TABLES[host]:
        if match := pattern.fullmatch(path):
            groups = match.groupdict()
            return Route(kind, int(groups["id"]) if "id" in groups else None, groups.get("rest", ""))
    return Route("other")
