"""Every request of the crawl is made here: address, what kind of answer it expects, and the pure function that reads
it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from scrapy import Request
from scrapy.http import Response, TextResponse
from scrapy.http.request import NO_CALLBACK

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.middlewares.decompression import ACCEPTED
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.detail import read_detail, read_editor
from n8n_scraper.site.listing import read_listing
from n8n_scraper.site.page import PageFacts, read_page
from n8n_scraper.site.sitemap import read_sitemap
from n8n_scraper.visit import Source, Visit

_ACCEPT = {"json": "application/json", "html": "text/html", "xml": "application/xml,text/xml"}


def workflow_request(site: Site, visit: Visit, source: Source, **kwargs: Any) -> Request:
    """One of the up to three requests of a workflow. Meta: ``visit``, ``source``, ``expects``, ``read``."""
    address = {
        "detail": site.detail(visit.id),
        "editor": site.editor(visit.id),
        "page": visit.wanted.address or site.page(visit.id, ""),
    }[source]
    read: dict[Source, Callable[[Response], Any]] = {
        "detail": lambda response: read_detail(response.body, visit.id),
        "editor": lambda response: read_editor(response.body, visit.id),
        "page": partial(_read_page, site=site, id=visit.id),
    }
    meta = {"visit": visit, "source": source}
    return _request(address, "html" if source == "page" else "json", read[source], meta, **kwargs)


def control_request(site: Site, visit: Visit, source: Source) -> Request:
    """For an answer that was good before, to learn whether the site answers; what it says is of no further use.

    It has a downloader slot of its own, because those that wait for its outcome may fill that of the host.
    """
    request = workflow_request(site, visit, source, callback=NO_CALLBACK)
    if source == "page":  # one that scripts build is an answer too, and is not rendered for that
        request.meta["read"] = lambda response: None
    del request.meta["visit"]
    request.meta["breaker_id"] = None
    request.meta["download_slot"] = "control"
    return request


def sitemap_request(address: str) -> Request:
    return _request(address, "xml", lambda response: read_sitemap(response.body), {}, callback=NO_CALLBACK)


def listing_request(site: Site, page: int) -> Request:
    read = lambda response: read_listing(response.body)  # noqa: E731  # a name for a one-line reader, like its siblings
    return _request(site.listing(page), "json", read, {}, callback=NO_CALLBACK)


def _request(
    address: str, expects: str, read: Callable[[Response], Any], meta: dict[str, Any], **kwargs: Any
) -> Request:
    return Request(
        address,
        headers={"Accept": _ACCEPT[expects], "Accept-Encoding": ACCEPTED},
        meta={**meta, "expects": expects, "read": read},
        **kwargs,
    )


def _read_page(response: Response, site: Site, id: int) -> PageFacts:
    encoding = response.encoding if isinstance(response, TextResponse) else None
    facts = read_page(response.body, encoding, site)
    if not facts.is_template:
        raise UnusableAnswer("malformed", "the page has no template in it")
    if facts.id is not None and facts.id != id:
        raise UnusableAnswer("malformed", f"the page is about workflow {facts.id}, not {id}")
    return facts
