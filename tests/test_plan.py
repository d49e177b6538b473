from __future__ import annotations

from dataclasses import replace

import pytest

from n8n_scraper.plan import make_plan


@pytest.mark.parametrize(
    ("ids", "layers", "page", "api_open", "library", "detail", "pages", "price", "requests"),
    [
        # a whole library: at most 1.02 requests a workflow
        (13_100, (1, 2, 3), "auto", True, 13_100, True, False, "listing", 13_100 + 131 + 4),
        (2_094, (1, 2, 3), "auto", True, 2_094, True, False, "listing", 2_094 + 21 + 4),
        # a few ids: the page is cheaper than the listing
        (20, (1, 2, 3), "auto", True, 13_100, True, True, "page", 20 + 20 + 4),
        (131, (1, 2, 3), "auto", True, 13_100, True, True, "page", 131 * 2 + 4),
        (132, (1, 2, 3), "auto", True, 13_100, True, False, "listing", 132 + 131 + 4),
        # the page when told so, and never when told so
        (20, (1, 2, 3), "no", True, 13_100, True, False, "editor", 20 + 20 + 4),
        (500, (1, 2, 3), "yes", True, 13_100, True, True, "page", 1000 + 4),
        # layer 3 alone needs no price; layer 2 does, because paid JSON is not published
        (20, (3,), "auto", True, 13_100, True, False, "none", 20 + 4),
        (20, (2,), "auto", True, 13_100, True, True, "page", 40 + 4),
        # a closed API leaves the pages
        (500, (1, 2, 3), "auto", False, 13_100, False, True, "page", 500 + 4),
        (500, (1, 2, 3), "no", False, 13_100, False, False, "none", 4),
        # nothing due
        (0, (1, 2, 3), "auto", True, 13_100, False, False, "none", 4),
    ],
)
def test_the_cheapest_set_of_requests(
    ids: int, layers: tuple[int, ...], page: str, api_open: bool, library: int,
    detail: bool, pages: bool, price: str, requests: int,
) -> None:  # fmt: skip
    plan = make_plan(ids=ids, layers=layers, page=page, api_open=api_open, library_size=library, sitemap_requests=2)
    assert (plan.detail, plan.page, plan.price, plan.requests) == (detail, pages, price, requests)


def test_a_listing_that_is_read_anyway_gives_the_prices_too() -> None:
    given = {"layers": (1, 2, 3), "page": "auto", "api_open": True, "library_size": 13_100, "sitemap_requests": 2}
    few, none = (make_plan(ids=ids, **given, reads_listing=True) for ids in (20, 0))  # type: ignore[arg-type]  # another type, on purpose
    assert (few.price, few.page, few.requests) == ("listing", False, 20 + 131 + 4)
    assert (none.requests, "131 listing (changes)" in none.sentence(2.0)) == (131 + 4, True)


def test_the_plan_is_one_sentence() -> None:
    plan = make_plan(ids=13_100, layers=(1, 2, 3), page="auto", api_open=True, library_size=13_100, sitemap_requests=2)
    assert plan.sentence(2.0) == (
        "13100 workflows due: API answer for each, once 2 robots.txt + 2 sitemap (addresses) + 131 listing (prices); "
        "13235 requests without retries, about 1 h 50 min at 2 requests a second."
    )
    assert "\n" not in plan.sentence(0)
    nothing = replace(
        plan, ids=0, price="none", listing_pages=0, sitemap_requests=0, robots_requests=0, stages=("media",), stored=3
    )
    assert nothing.sentence(2.0).startswith("Nothing is asked of the site. Layers media of 3 in the store")
    few = make_plan(ids=3, layers=(1,), page="no", api_open=True, library_size=None, sitemap_requests=0)
    assert few.sentence(2.0).startswith(
        "3 workflows due: API answer + editor answer (price) for each, once 2 robots.txt;"
    )


def test_the_plan_tells_of_stages_and_of_what_the_store_has() -> None:
    visits = make_plan(ids=2, layers=(3,), page="no", api_open=True, library_size=None, sitemap_requests=0)
    plan = replace(visits, stored=7, stages=("media", "transcripts"))
    assert plan.sentence(0) == (
        "2 workflows due: API answer for each, once 2 robots.txt; 4 requests without retries."
        " Layers media and transcripts of 2 due and 7 in the store: other hosts are asked, each at its own rate."
    )
    nothing = make_plan(ids=0, layers=(), page="no", api_open=True, library_size=None, sitemap_requests=0)
    assert replace(nothing, robots_requests=0, stored=7, stages=("media",)).sentence(2.0) == (
        "Nothing is asked of the site. Layers media of 7 in the store: other hosts are asked, each at its own rate."
    )


def test_where_nothing_is_due_the_sentence_speaks_of_no_workflow() -> None:
    nothing = make_plan(ids=0, layers=(1, 2, 3), page="auto", api_open=True, library_size=500, sitemap_requests=2)
    assert nothing.sentence(2.0) == (
        "0 workflows due: once 2 robots.txt + 2 sitemap (addresses); "
        "4 requests without retries, about 2 s at 2 requests a second."
    )
