"""What turns an answer into a row: for new answers in the spider, for stored ones in ``scrapy reparse``. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.explainer import fill_explainer, fill_texts, has_explainer, read_description
from n8n_scraper.layers.inventory import Inventory
from n8n_scraper.layers.metadata import fill_metadata, has_metadata, read_name
from n8n_scraper.layers.workflow_json import fill_workflow
from n8n_scraper.site.detail import EditorFacts
from n8n_scraper.site.json_text import canonical
from n8n_scraper.site.page import PageFacts

PARSER_VERSION = "2"
"""Raised when the same answer would give another row; ``scrapy reparse`` then derives all rows again."""

ALL_LAYERS = (1, 2, 3)


def from_detail(
    item: WorkflowItem, workflow: dict[str, Any], layers: Collection[int] = ALL_LAYERS, now: datetime | None = None
) -> Counter[str]:
    """Fills an item from the API answer; price, address and is_listed come from other sources.

    Layer 1's columns are always filled, so that every row names its author; those of layers 2 and 3 only when asked.
    ``now`` lets dates in the future be recognised. Returns what was kept out of the inventory (``inventory.REJECTED``).
    """
    item.source, item.answer, item.parser_version = "api", workflow, PARSER_VERSION
    item.content_hash = content_hash(read_name(workflow), read_description(workflow), workflow.get("workflow"))
    fill_metadata(item, workflow, now)
    item.layer1_status = _status(1, layers, has_metadata(item))
    if 2 in layers:
        fill_workflow(item, workflow)
    item.layer2_status = _status(2, layers, item.workflow is not None)
    rejected = fill_explainer(item, workflow) if 3 in layers else Counter()
    item.layer3_status = _status(3, layers, has_explainer(item))
    return rejected


def from_page(item: WorkflowItem, facts: PageFacts, html: str, layers: Collection[int] = ALL_LAYERS) -> Counter[str]:
    """Fills an item from the page when the API gave nothing: layers 1 and 3; layer 2 keeps its status."""
    item.source, item.answer, item.parser_version = "page", html, PARSER_VERSION
    item.content_hash = content_hash(facts.title, facts.description, None)
    item.name, item.author_name, item.author_username = facts.title, facts.author_name, facts.author_username
    item.categories = list(facts.categories)
    _add_address(item, facts)
    add_price(item, facts.is_paid, facts.price_usd)
    item.layer1_status = _status(1, layers, has_metadata(item))
    rejected: Counter[str] = Counter()
    if 3 in layers:
        item.description = facts.description
        rejected = _add_shown(item, facts, fill_texts(item, ()))
    item.layer3_status = _status(3, layers, has_explainer(item))
    return rejected


def add_page(item: WorkflowItem, facts: PageFacts) -> list[str]:
    """Adds what only the page has (address, price, images) to an item of the API.

    Returns the columns where the two disagree; the API's value stays.
    """
    _add_address(item, facts)
    add_price(item, facts.is_paid, facts.price_usd)
    if item.images is not None:
        _add_shown(item, facts, Inventory(item.images, item.videos or ()))
    return [column for column, ours, theirs in _compared(item, facts) if ours and theirs and ours != theirs]


def add_seen_on_page(item: WorkflowItem, images: Iterable[dict[str, Any]], videos: Iterable[dict[str, Any]]) -> None:
    """Adds what an earlier row of the workflow had from its page, which is not stored beside an answer of the API."""
    if item.images is None:
        return
    inventory = Inventory(item.images, item.videos or ())
    for image in images:
        if image["found_in"] == "page":
            inventory.add_image(image["url"], image["alt"], "page")
    for video in videos:
        if video["found_in"] == "page":
            inventory.add_address(video["url"], "page")
    item.images, item.videos = inventory.images, inventory.videos


def add_editor(item: WorkflowItem, facts: EditorFacts) -> None:
    """Adds the time of the last edit, and the price when it is known there."""
    item.updated_at = facts.updated_at or item.updated_at
    add_price(item, facts.is_paid, facts.price_usd)


def add_price(item: WorkflowItem, is_paid: bool | None, price_usd: float | None) -> None:
    """Sets both columns; an unknown price leaves them as they are, and free means 0."""
    if is_paid is not None:
        item.is_paid = is_paid
        item.price_usd = price_usd if is_paid else 0.0


def content_hash(name: str | None, description: str | None, workflow: Any) -> str:
    """What tells whether a workflow was edited: the same for all layers asked for, and before redaction."""
    return sha256(canonical({"name": name, "description": description, "workflow": workflow})).hexdigest()


def _status(layer: int, layers: Collection[int], source_has_it: bool) -> str:
    if layer not in layers:
        return "skipped"
    return "ok" if source_has_it else "missing"


def _add_address(item: WorkflowItem, facts: PageFacts) -> None:
    item.slug = facts.slug or item.slug
    item.url = facts.url or item.url


def _add_shown(item: WorkflowItem, facts: PageFacts, inventory: Inventory) -> Counter[str]:
    for url, alt in facts.images:
        inventory.add_image(url, alt, "page")
    for address in facts.videos:
        inventory.add_address(address, "page")
    item.images, item.videos = inventory.images, inventory.videos
    return inventory.rejected


def _compared(item: WorkflowItem, facts: PageFacts) -> tuple[tuple[str, Any, Any], ...]:
    """Text of a page has its blanks collapsed."""
    return (
        ("name", _plain(item.name), _plain(facts.title)),
        ("author_name", _plain(item.author_name), _plain(facts.author_name)),
        ("author_username", item.author_username, facts.author_username),
        ("categories", sorted(item.categories or ()), sorted(facts.categories)),
    )


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())
