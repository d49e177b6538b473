"""Every endpoint of both hosts, asked of a running replica."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from n8n_scraper.replica.api import Api
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.library import listed
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.replica.routes import Route
from n8n_scraper.replica.site import Site
from n8n_scraper.replica.traps import ALL_TRAPS

Ask = Callable[..., Any]
Row = dict[str, Any]

NS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.mark.parametrize(
    ("path", "status", "content_type", "body"),
    [
        ("/api/health", 200, "application/json", '{"status":"OK"}'),
        ("/robots.txt", 200, "text/plain", "User-agent: *\nAllow: /\n"),
        ("/api/templates/workflows/999999", 404, "text/plain", "Not found"),
        ("/api/templates/workflows/0", 404, "text/plain", "Not found"),
        ("/api/templates/workflows/x", 404, "text/plain", "Not found"),
        ("/api/workflows/999999", 404, "text/plain", "Not found"),
        ("/api/workflows/templates/999999", 404, "text/plain", "Not found"),
        ("/api/templates/search?rows=101", 400, "text/plain", "Bad Request"),
        ("/api/templates/search?rows=0", 400, "text/plain", "Bad Request"),
        ("/api/templates/search?page=0", 400, "text/plain", "Bad Request"),
        ("/api/templates/search?page=x", 400, "text/plain", "Bad Request"),
        ("/api/templates/collections", 200, "application/json", '{"collections":[]}'),
        ("/api/creators", 200, "application/json", '{"creators":[]}'),
        ("/__nothing", 404, "text/plain", "Not found"),
    ],
)
def test_api_answers(replica: RunningReplica, ask: Ask, path: str, status: int, content_type: str, body: str) -> None:
    answer = ask(replica.api_url + path)
    assert (answer.status, answer.text) == (status, body)
    assert answer.headers["content-type"].split(";")[0] == content_type


def test_site_robots(replica: RunningReplica, ask: Ask) -> None:
    assert ask(f"{replica.site_url}/robots.txt").text == (
        f"User-agent: *\nDisallow: /cdn-cgi/\n\nSitemap: {replica.site_url}/sitemap_index.xml\n"
    )


def test_sitemap_lists_all_and_only_listed_ones(replica: RunningReplica, ask: Ask, library: list[Row]) -> None:
    index = ET.fromstring(ask(f"{replica.site_url}/sitemap_index.xml").body)
    (address,) = (loc.text for loc in index.iterfind("s:sitemap/s:loc", NS))
    urlset = ET.fromstring(ask(address).body)
    listed = [row for row in library if row["listed"]]
    assert len(listed) == 120
    assert [loc.text for loc in urlset.iterfind("s:url/s:loc", NS)] == [
        f"{replica.site_url}/workflows/{row['id']}-{row['slug']}/" for row in listed
    ]
    assert {child.tag.rpartition("}")[2] for url in urlset for child in url} == {"loc"}, "no lastmod"


def test_detail(replica: RunningReplica, ask: Ask, good: Row) -> None:
    answer = ask(f"{replica.api_url}/api/templates/workflows/{good['id']}")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    workflow = json.loads(answer.body)["workflow"]
    assert (workflow["id"], workflow["name"], workflow["status"]) == (good["id"], good["name"], "published")
    assert not {"price", "purchaseUrl", "updatedAt"} & workflow.keys()
    assert workflow["nodes"][0]["iconData"]["fileBuffer"].startswith("data:image/svg+xml;base64,")
    assert workflow["views"] == workflow["totalViews"] == good["views"]


@pytest.mark.parametrize(
    ("kind", "detail", "attributes", "by_id", "page"),
    [("gone", 404, 404, 204, 404), ("unpublished", 404, 200, 204, 404), ("unlisted", 200, 200, 200, 200)],
)
def test_what_is_not_listed(
    replica: RunningReplica, ask: Ask, library: list[Row],
    kind: str, detail: int, attributes: int, by_id: int, page: int,
) -> None:  # fmt: skip
    row = next(r for r in library if not r["listed"] and kind in {r["status"], "unlisted"} and _kind(r) == kind)
    addresses = (
        f"{replica.api_url}/api/templates/workflows/{row['id']}",
        f"{replica.api_url}/api/workflows/{row['id']}",
        f"{replica.site_url}/api/workflows/by-id/{row['id']}",
        f"{replica.site_url}/workflows/{row['id']}-{row['slug']}/",
    )
    assert [ask(address).status for address in addresses] == [detail, attributes, by_id, page]


def _kind(row: Row) -> str:
    return str(row["status"]) if row["status"] != "published" else "unlisted"


def test_attributes_have_the_date_of_change_and_the_price(
    replica: RunningReplica, ask: Ask, library: list[Row]
) -> None:
    paid = next(row for row in library if row["price"] is not None and row["listed"])
    data = json.loads(ask(f"{replica.api_url}/api/workflows/{paid['id']}").body)["data"]
    assert data["id"] == paid["id"]
    assert data["attributes"]["price"] == paid["price"]
    assert data["attributes"]["updatedAt"] == paid["updated_at"] > data["attributes"]["createdAt"]
    assert data["attributes"]["workflow"]["nodes"], "paid templates return their JSON too"


def test_unpublished_ones_say_so_in_their_attributes(replica: RunningReplica, ask: Ask, library: list[Row]) -> None:
    row = next(row for row in library if row["status"] == "unpublished")
    attributes = json.loads(ask(f"{replica.api_url}/api/workflows/{row['id']}").body)["data"]["attributes"]
    assert (attributes["status"], attributes["hidden"]) == ("unpublished", True)


def test_import(replica: RunningReplica, ask: Ask, good: Row) -> None:
    answer = json.loads(ask(f"{replica.api_url}/api/workflows/templates/{good['id']}").body)
    assert list(answer) == ["id", "name", "workflow"]
    assert answer["workflow"]["connections"]


def test_categories(replica: RunningReplica, ask: Ask, library: list[Row]) -> None:
    rows = json.loads(ask(f"{replica.api_url}/api/templates/categories").body)["categories"]
    assert set(rows[0]) == {"id", "name", "displayName", "icon", "parent"}
    assert {name for row in library for name in row["categories"]} <= {row["name"] for row in rows}


def test_by_id(replica: RunningReplica, ask: Ask, good: Row) -> None:
    detail = ask(f"{replica.api_url}/api/templates/workflows/{good['id']}")
    assert ask(f"{replica.site_url}/api/workflows/by-id/{good['id']}").body == detail.body
    missing = ask(f"{replica.site_url}/api/workflows/by-id/999999")
    assert (missing.status, missing.body) == (204, b"")


def _page(replica: RunningReplica, ask: Ask, query: str) -> Row:
    page: Row = json.loads(ask(f"{replica.api_url}/api/templates/search?{query}").body)
    return page


def test_listing_pages_hold_everything_once(replica: RunningReplica, ask: Ask, library: list[Row]) -> None:
    pages = [_page(replica, ask, f"page={number}&rows=50") for number in (1, 2, 3, 4)]
    assert [len(page["workflows"]) for page in pages] == [50, 50, 20, 0]
    assert {page["totalWorkflows"] for page in pages} == {120}
    found = [item["id"] for page in pages for item in page["workflows"]]
    assert found == sorted((row["id"] for row in library if row["listed"]), reverse=True)


def test_listing_defaults_to_20_rows(replica: RunningReplica, ask: Ask) -> None:
    assert len(_page(replica, ask, "")["workflows"]) == 20


def test_listing_items(replica: RunningReplica, ask: Ask, library: list[Row]) -> None:
    items = {item["id"]: item for item in _page(replica, ask, "rows=100")["workflows"]}
    prices = {row["id"]: row["price"] for row in library}
    free = [item for item in items.values() if prices[item["id"]] is None]
    assert {"price" in item for item in free} == {True, False}
    assert {item.get("price", 0) for item in free} == {0}
    assert {item["purchaseUrl"] for item in free} == {None}
    paid = [item for item in items.values() if prices[item["id"]] is not None]
    assert paid
    assert all(item["price"] == prices[item["id"]] > 0 and item["purchaseUrl"] for item in paid)
    for item in items.values():
        assert isinstance(json.loads(item["user"]["links"]), list)
        assert not {"categories", "updatedAt", "workflow"} & item.keys()


def test_listing_descriptions_are_plain(replica: RunningReplica, ask: Ask, good: Row) -> None:
    items = _page(replica, ask, f"rows=100&search={good['name'].replace(' ', '+')}")["workflows"]
    (item,) = (item for item in items if item["id"] == good["id"])
    assert not re.search(r"[#*`]|!?\[[^\]]*\]\(", item["description"])
    assert len(item["description"]) > 500


@pytest.mark.parametrize("query", ["category=DevOps", "price=paid", "price=free", "search=INVOICES"])
def test_listing_filters(replica: RunningReplica, ask: Ask, library: list[Row], query: str) -> None:
    field, _, value = query.partition("=")
    filters: dict[str, Callable[[Row], bool]] = {
        "category": lambda row: value in row["categories"],
        "price": lambda row: (row["price"] is None) == (value == "free"),
        "search": lambda row: value.lower() in row["name"].lower(),
    }
    expected = {row["id"] for row in library if row["listed"] and filters[field](row)}
    assert expected
    page = _page(replica, ask, f"rows=100&{query}")
    assert page["totalWorkflows"] == len(expected)
    assert {item["id"] for item in page["workflows"]} <= expected


def test_listing_by_views(replica: RunningReplica, ask: Ask) -> None:
    views = [item["totalViews"] for item in _page(replica, ask, "sort=views:desc&rows=100")["workflows"]]
    assert views == sorted(views, reverse=True)


def test_gzip_where_the_client_takes_it(replica: RunningReplica, ask: Ask, good: Row) -> None:
    address = f"{replica.api_url}/api/templates/workflows/{good['id']}"
    plain, packed = ask(address), ask(address, accept_encoding="gzip, deflate")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


def test_other_methods_are_refused(replica: RunningReplica) -> None:
    connection = http.client.HTTPConnection(replica.api_url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/api/health", body=b"{}")
    response = connection.getresponse()
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    connection.close()


def test_images_are_pictures(replica: RunningReplica, ask: Ask) -> None:
    first, second = (ask(f"{replica.site_url}/images/{name}.png") for name in ("a", "b"))
    assert first.headers["content-type"] == "image/png"
    assert first.body.startswith(b"\x89PNG\r\n\x1a\n")
    assert first.body != second.body


def test_no_trap_breaks_an_endpoint() -> None:
    library = GeneratedLibrary(Recipe(count=len(ALL_TRAPS), traps=1, hostile=True, icons=0))
    site, api = Site(library, "http://127.0.0.1:1", "page"), Api(library, "open")
    for entry in listed(library):
        answers = [api.answer(Route(kind, entry.id), {}) for kind in ("detail", "attributes", "import")]
        answers.append(site.answer(Route("page", entry.id, entry.slug), {}))
        assert [answer.status for answer in answers] == [200] * 4, entry.trap
        assert all(len(answer.body) > 100 for answer in answers)
    assert api.answer(Route("listing"), {"rows": "100"}).status == 200
