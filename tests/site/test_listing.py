from __future__ import annotations

import json
from typing import Any

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.site.listing import ListingEntry, read_listing

BUY = "https://shop.test/buy"


def _body(*rows: Any, **more: Any) -> bytes:
    return json.dumps({"totalWorkflows": 9, "workflows": list(rows), "filters": [], **more}).encode()


@pytest.mark.parametrize(
    ("row", "is_paid", "price"),
    [
        ({"purchaseUrl": None}, False, 0.0),
        ({"purchaseUrl": None, "price": None}, False, 0.0),
        ({"purchaseUrl": None, "price": 0}, False, 0.0),
        ({"purchaseUrl": BUY, "price": 20}, True, 20.0),
        ({"purchaseUrl": BUY, "price": "19.5"}, True, 19.5),
        ({"purchaseUrl": None, "price": 5}, True, 5.0),
        ({"purchaseUrl": BUY}, True, None),
        ({"purchaseUrl": BUY, "price": 0}, True, None),
        ({"price": 15}, True, 15.0),
        # the keys were renamed, or mean something new: unknown, never free
        ({}, None, None),
        ({"purchaseUrl": None, "price": "free"}, None, None),
        ({"purchaseUrl": None, "price": -3}, None, None),
        ({"purchaseUrl": None, "price": 10**400}, None, None),
        ({"purchaseUrl": None, "price": {"amount": 20}}, None, None),
    ],
)
def test_price(row: dict[str, Any], is_paid: bool | None, price: float | None) -> None:
    entry = read_listing(_body({"id": 3, "totalViews": 8, **row})).entries[0]
    assert entry == ListingEntry(3, is_paid, price, 8, entry.digest)


ROW = {"id": 3, "totalViews": 8, "name": "A", "description": "B", "user": {"username": "u"}, "purchaseUrl": None,
       "nodes": [{"name": "x", "icon": "1"}, {"name": "y"}]}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "is_another"),
    [
        ({}, False),
        ({"totalViews": 9}, False),
        ({"createdAt": "2026-01-01"}, False),
        ({"nodes": [{"name": "y", "icon": "2"}, {"name": "x"}]}, False),
        ({"price": 0}, False),
        ({"name": "B"}, True),
        ({"description": "C"}, True),
        ({"nodes": [{"name": "x"}]}, True),
        ({"user": {"username": "v"}}, True),
        ({"price": 5, "purchaseUrl": BUY}, True),
        ({"nodes": None, "user": 1, "description": None}, True),
    ],
)
def test_the_digest_is_of_what_an_edit_changes(changes: dict[str, Any], is_another: bool) -> None:
    one, other = read_listing(_body(ROW, {**ROW, **changes})).entries
    assert (one.digest != other.digest) is is_another


def test_rows_that_cannot_be_read_are_counted() -> None:
    rows = ({"id": 1}, {"id": "2"}, None, "x", {"id": True}, {"id": 0}, {"id": 2**31}, {})
    listing = read_listing(_body(*rows))
    assert (listing.total, [entry.id for entry in listing.entries], listing.unreadable_count) == (9, [1], 7)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"null", b"<html>", _body(totalWorkflows="9"), _body(workflows={}), _body(totalWorkflows=-1)]
)
def test_what_is_no_listing_is_malformed(body: bytes) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        read_listing(body)
    assert caught.value.kind == "malformed"
