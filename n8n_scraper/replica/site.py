"""The site host: robots.txt, sitemaps and pages. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from n8n_scraper.replica import answers, pages, shell
from n8n_scraper.replica.images import picture
from n8n_scraper.replica.library import Entry, Library, listed
from n8n_scraper.replica.not_found import not_found_page
from n8n_scraper.replica.replies import HTML, JAVASCRIPT, JSON, XML, Reply, text_reply
from n8n_scraper.replica.routes import Route

_XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Site:
    """``url`` is the replica's own address; ``bare_id`` is redirect, 404 or page; ``built`` static, inline or xhr."""

    def __init__(self, library: Library, url: str, bare_id: str, built: str = "static") -> None:
        self._library = library
        self._url = url
        self._bare_id = bare_id
        self._built = built
        self._answers: dict[str, Callable[[Route], Reply]] = {
            "page": self._page,
            "bare_page": self._bare_page,
            "payload": self._payload,
            "script": self._script,
            "robots": self._robots,
            "sitemap_index": self._sitemap_index,
            "sitemap": self._sitemap,
            "by_id": self._by_id,
            "image": lambda route: picture(route.rest),
        }

    def answer(self, route: Route, query: Mapping[str, str]) -> Reply:
        answer = self._answers.get(route.kind)
        return answer(route) if answer else self._missing()

    def _robots(self, route: Route) -> Reply:
        lines = ("User-agent: *", "Disallow: /cdn-cgi/", "", f"Sitemap: {self._url}/sitemap_index.xml", "")
        return text_reply("\n".join(lines))

    def _sitemap_index(self, route: Route) -> Reply:
        location = f"<sitemap><loc>{self._url}/sitemap-workflows.xml</loc></sitemap>"
        return text_reply(f"{_DECLARATION}<sitemapindex {_XMLNS}>{location}</sitemapindex>\n", XML)

    def _sitemap(self, route: Route) -> Reply:
        rows = "".join(f"<url><loc>{self._url}{entry.path}</loc></url>\n" for entry in listed(self._library))
        return text_reply(f"{_DECLARATION}<urlset {_XMLNS}>\n{rows}</urlset>\n", XML)

    def _by_id(self, route: Route) -> Reply:
        found = answers.detail(self._library, route.id)
        return found if found.status == 200 else found._replace(status=204, body=b"")

    def _page(self, route: Route) -> Reply:
        entry = self._published(route)
        return self._rendered(entry) if entry is not None and route.rest == entry.slug else self._missing()

    def _bare_page(self, route: Route) -> Reply:
        entry = self._published(route)
        if entry is None or self._bare_id == "404":
            return self._missing()
        if self._bare_id == "redirect":
            return Reply(301, b"", HTML, {"Location": self._url + entry.path})
        return self._rendered(entry)

    def _published(self, route: Route) -> Entry | None:
        entry = self._library.entries.get(route.id or 0)
        return entry if entry is not None and entry.is_published else None

    def _payload(self, route: Route) -> Reply:
        entry = self._published(route)
        if self._built != "xhr" or entry is None or route.rest != entry.slug:
            return self._missing()
        return Reply(200, shell.payload(self._whole(entry)), JSON)

    def _script(self, route: Route) -> Reply:
        return text_reply(shell.SCRIPT, JAVASCRIPT) if self._built == "xhr" else self._missing()

    def _rendered(self, entry: Entry) -> Reply:
        if self._built == "xhr":
            return text_reply(shell.xhr_shell(entry.path), HTML)
        whole = self._whole(entry)
        return text_reply(shell.inline_shell(whole) if self._built == "inline" else whole, HTML)

    def _whole(self, entry: Entry) -> str:
        return pages.page(self._url, entry, answers.parse(self._library, entry), self._library)

    def _missing(self) -> Reply:
        return text_reply(not_found_page(self._url), HTML, status=404)
