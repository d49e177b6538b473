from __future__ import annotations

from functools import partial
from typing import Any

from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.inventory import Inventory
from n8n_scraper.pipelines.quality import apply_score
from n8n_scraper.site.addresses import Site
from n8n_scraper.store.reparse import Rederived, reparse

from .test_rows import connection, crawled, view, write

__all__ = ["connection"]
SITE = Site("https://n8n.io", "https://api.n8n.io")
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def again(connection: Any, *, redact: bool = True) -> Rederived:
    with connection, connection.cursor() as cursor:
        return reparse(cursor, SITE, rescore, lambda _: None, redact=redact)


def rescore(item: WorkflowItem) -> None:
    item.quality_score, item.quality_band, item.quality_missing = 90.0, "excellent", []


def test_images_and_videos_that_only_the_page_had_stay(connection: Any) -> None:
    item = crawled(1, description="![own](https://images.example.com/own.png)")
    inventory = Inventory(item.images or (), item.videos or ())
    inventory.add_image("https://images.example.com/shown.png", "shown", "page")
    inventory.add_address("https://youtu.be/dQw4w9WgXcQ", "page")
    item.images, item.videos = inventory.images, inventory.videos
    write(connection, item)
    [before] = view(connection)
    assert [image["found_in"] for image in before["images"]] == ["description", "page"]
    assert again(connection, redact=False).changed == 0
    with connection, connection.cursor() as cursor:
        cursor.execute("update derived set parser_version = '0'")
    assert again(connection, redact=False).changed == 1
    [after] = view(connection)
    assert (after["images"], after["videos"]) == (before["images"], before["videos"])
    assert len(after["videos"]) == 1


def test_a_workflow_that_is_gone_keeps_its_score(connection: Any) -> None:
    rescored = partial(apply_score, weights=(20, 30, 40, 10))
    item = crawled(1)
    rescored(item)
    write(connection, item)
    gone = WorkflowItem(id=1, run_id="r", attempt_count=1, request_count=1, service_seconds=0.1, error_kind="gone")
    gone.layer1_status = gone.layer2_status = gone.layer3_status = "gone"
    write(connection, gone, days=1)
    [before] = view(connection)
    assert (before["crawl_status"], before["quality_score"]) == ("gone", item.quality_score)
    with connection, connection.cursor() as cursor:
        assert reparse(cursor, SITE, rescored, lambda _: None, redact=False).changed == 0
    assert view(connection) == [before]


def test_former_versions_are_cleaned_with_the_rest(connection: Any) -> None:
    write(connection, crawled(1, name=f"Key {TOKEN}"))
    write(connection, crawled(1, name="Clean"), days=1)
    assert again(connection, redact=False).cleaned_versions == 0
    assert again(connection).cleaned_versions == 1
