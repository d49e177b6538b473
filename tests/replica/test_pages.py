"""The pages of a running replica: their visible order, their anchors and every trap of the real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from parsel import Selector

from n8n_scraper.replica.pages import relative_date
from n8n_scraper.replica.process import RunningReplica, running_replica

Ask = Callable[..., Any]
Row = dict[str, Any]


def address(replica: RunningReplica, row: Row) -> str:
    return f"{replica.site_url}/workflows/{row['id']}-{row['slug']}/"


def visible(html: str) -> str:
    text = re.sub(r"<script.*?</script>|<head>.*?</head>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.fixture(scope="session")
def html(replica: RunningReplica, ask: Ask, good: Row) -> str:
    answer = ask(address(replica, good))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return str(answer.text)


@pytest.fixture(scope="session")
def detail(replica: RunningReplica, ask: Ask, good: Row) -> Row:
    workflow: Row = json.loads(ask(f"{replica.api_url}/api/templates/workflows/{good['id']}").body)["workflow"]
    return workflow


def test_visible_order(html: str, detail: Row) -> None:
    author = detail["user"]["name"]
    marks = [
        "Sign in", "Back to Templates", detail["nodes"][0]["displayName"], detail["name"], "Use for free",
        f"Created by {author}", "Last update", "Categories", "Share", "Who is this for", f"More templates by {author}",
        " templates", "Loved by builders", "Maren Holt", "Popular integrations", "We value your privacy",
    ]  # fmt: skip
    text, place = visible(html), 0
    for mark in marks:
        place = text.find(mark, place)
        assert place >= 0, f"{mark!r} is not where it should be"


def test_anchors(html: str, detail: Row, good: Row) -> None:
    page = Selector(html)
    assert page.css("title::text").get() == f"{detail['name']} | n8n workflow template"
    assert page.css("h1::text").get() == detail["name"], "the description may have more of them"
    assert str(page.css('link[rel="canonical"]::attr(href)').get()).endswith(f"/workflows/{good['id']}-{good['slug']}/")
    summary = str(page.css('meta[name="description"]::attr(content)').get())
    assert 100 < len(summary) <= 155
    assert page.css('meta[name="twitter:title"]::attr(content)').get()
    slugs = [c.lower().replace(" ", "-") for c in good["categories"]]
    hrefs = page.css("main a::attr(href)").getall()
    assert [href for href in hrefs if "/workflows/categories/" in href] == [
        f"/workflows/categories/{s}/" for s in slugs
    ]
    assert f"/creators/{detail['user']['username']}/" in hrefs
    assert sum(href.startswith("/integrations/") for href in hrefs) == len(detail["nodes"])
    for anchor in (
        "section.section-creator-workflows",
        "section.section-similar-workflows",
        "iframe.embedded_workflow_iframe",
    ):
        assert page.css(anchor)


def test_payload_names_the_template_but_not_its_workflow(html: str, detail: Row) -> None:
    (text,) = Selector(html).css("script#__NUXT_DATA__[data-nuxt-data='nuxt-app'][data-ssr='true']::text").getall()
    flat = json.loads(text)
    assert flat[0] == ["ShallowReactive", 1]
    data = flat[flat[1]["data"]]
    template = flat[data[f"workflow-{detail['id']}"]]
    assert flat[template["name"]] == detail["name"]
    assert flat[template["description"]] == detail["description"]
    assert detail["workflow"]["nodes"][0]["id"] not in html


def test_neither_views_nor_absolute_dates(html: str, detail: Row) -> None:
    text = visible(html)
    assert re.search(r"Last update (today|an? \w+ ago|\d+ \w+s? ago)", text)
    assert detail["createdAt"][:10] not in html
    assert "views" not in text.lower()


def test_paid_ones_are_for_sale(replica: RunningReplica, ask: Ask, library: list[Row]) -> None:
    paid = next(row for row in library if row["price"] == 20 and row["listed"])
    text = visible(ask(address(replica, paid)).text)
    assert text.index("Buy for $20 ") < text.index("Created by")
    assert "Use for free" not in text[: text.index("Created by")]


def test_description_is_rendered(replica: RunningReplica, ask: Ask, library: list[Row]) -> None:
    rows = {row["trap"]: row for row in library if row["listed"]}
    entities = ask(address(replica, rows["entities"])).text
    assert "<blockquote>" in entities
    assert "&lt;tag&gt;" not in visible(entities)
    images = Selector(ask(address(replica, rows["file_images"])).text).css(".workflow-body img::attr(src)").getall()
    assert len(images) >= 2
    assert all(url.startswith("https://images.example.com/") for url in images)


@pytest.mark.parametrize("wrong", ["{id}-wrong-slug/", "999999-missing/", "999999", "{id}-{slug}x", "x"])
def test_a_missing_page_is_a_404_with_a_long_text(replica: RunningReplica, ask: Ask, good: Row, wrong: str) -> None:
    answer = ask(f"{replica.site_url}/workflows/{wrong.format(**good)}")
    assert answer.status == 404
    text = visible(answer.text)
    assert "Ooops… error 404 Page not found" in text
    assert "We value your privacy" in text
    assert 12_000 < len(text) < 18_000


@pytest.mark.parametrize(("bare_id", "status"), [("redirect", 301), ("404", 404), ("page", 200)])
def test_bare_ids(ask: Ask, bare_id: str, status: int) -> None:
    with running_replica(count=1, bare_id=bare_id) as replica:
        (row,) = replica.library()
        answer = ask(f"{replica.site_url}/workflows/{row['id']}")
        assert answer.status == status
        assert answer.headers.get("location") == (address(replica, row) if status == 301 else None)


def test_pages_are_the_same_every_time(replica: RunningReplica, ask: Ask, good: Row, html: str) -> None:
    assert ask(address(replica, good)).text == html


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-10-15T00:00:00.000Z", "today"),
        ("2027-01-01T00:00:00.000Z", "today"),
        ("2026-10-14T00:00:00.000Z", "a day ago"),
        ("2026-10-11T00:00:00.000Z", "4 days ago"),
        ("2026-10-01T00:00:00.000Z", "2 weeks ago"),
        ("2026-09-10T00:00:00.000Z", "a month ago"),
        ("2026-01-15T00:00:00.000Z", "9 months ago"),
        ("2021-10-14T00:00:00.000Z", "5 years ago"),
    ],
)
def test_relative_dates(moment: str, words: str) -> None:
    assert relative_date(moment) == words
