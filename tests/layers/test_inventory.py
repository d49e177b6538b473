from __future__ import annotations

import pytest

from n8n_scraper.layers.document import read_document
from n8n_scraper.layers.inventory import REJECTED, Inventory
from n8n_scraper.layers.videos import MAX_URL_LENGTH

EMPTY = {"width": None, "height": None, "format": None, "bytes": None, "sha256": None, "path": None}


def test_rows_have_all_columns() -> None:
    inventory = Inventory()
    inventory.add_image("//files.test/a.png", "alt", "sticky_note", "Note")
    inventory.add_address("https://youtu.be/dQw4w9WgXcQ", "page")
    assert inventory.images == [
        {"url": "https://files.test/a.png", "found_in": "sticky_note", "node_name": "Note", "alt": "alt", **EMPTY}
    ]
    assert inventory.videos == [
        {
            "platform": "youtube",
            "video_id": "dQw4w9WgXcQ",
            "url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "found_in": "page",
            "node_name": None,
        }
    ]


def test_once_each_where_found_first() -> None:
    inventory = Inventory()
    text = "![a](https://files.test/a.png) https://youtu.be/dQw4w9WgXcQ?t=1 https://vimeo.com/123456789"
    again = (
        "![b](https://files.test/a.png) https://www.youtube.com/shorts/dQw4w9WgXcQ https://vimeo.com/123456789/abcdef01"
    )
    inventory.add_document(read_document(text), "description")
    inventory.add_document(read_document(again), "sticky_note", "Note")
    assert [(image["url"], image["found_in"], image["alt"]) for image in inventory.images] == [
        ("https://files.test/a.png", "description", "a")
    ]
    assert [(video["platform"], video["found_in"]) for video in inventory.videos] == [
        ("youtube", "description"),
        ("vimeo", "description"),
    ]


def test_an_inventory_goes_on_from_rows() -> None:
    first = Inventory()
    first.add_document(read_document("![](https://files.test/a.png) https://files.test/a.mp4"), "description")
    second = Inventory(first.images, first.videos)
    second.add_document(read_document("![](https://files.test/a.png) https://files.test/a.mp4"), "page")
    assert (second.images, second.videos) == (first.images, first.videos)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("data:image/png;base64,AAAA", "image_embedded"),
        ("DATA:image/png;base64,AAAA", "image_embedded"),
        ("attachment:1:x.png", "image_address"),
        ("fileId:99", "image_address"),
        ("/relative.png", "image_address"),
        ("ftp://files.test/x.png", "image_address"),
        ("file:///etc/passwd", "image_address"),
        ("https://", "image_address"),
        ("https://[x", "image_address"),
        ("https://files.test/" + "x" * 5_000, "image_address"),
    ],
)
def test_images_nobody_can_download_are_counted_once(url: str, reason: str) -> None:
    inventory = Inventory()
    for _ in range(2):
        inventory.add_image(url, None, "description")
    assert inventory.images == []
    assert dict(inventory.rejected) == {reason: 1}
    assert reason in REJECTED


def test_malformed_videos_are_counted_once() -> None:
    inventory = Inventory()
    for url in ("https://youtu.be/VIDEO_ID", "https://youtu.be/VIDEO_ID", "https://youtu.be/short", "//youtu.be/short"):
        inventory.add_address(url, "description")
    assert inventory.videos == []
    assert dict(inventory.rejected) == {"video_id": 3}
    assert "video_id" in REJECTED


def test_the_longest_address_is_kept_and_a_longer_one_is_none() -> None:
    inventory = Inventory()
    longest = "https://files.test/".ljust(MAX_URL_LENGTH, "a")
    for url in (longest, longest + "a"):
        inventory.add_image(url, None, "description")
    assert [image["url"] for image in inventory.images] == [longest]
