"""The two API answers about one workflow. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.site.json_text import load_json
from n8n_scraper.site.timestamps import read_timestamp
from n8n_scraper.site.values import read_label, read_price


class Detail(NamedTuple):
    workflow: dict[str, Any]
    """The member "workflow" with all keys it came with, but without the catalogue of node types in "nodes"."""
    repaired: bool


class EditorFacts(NamedTuple):
    is_paid: bool | None
    price_usd: float | None
    updated_at: datetime | None
    status: str | None


def read_detail(body: bytes, id: int) -> Detail:
    """Layers 1, 2 and 3 of one workflow.

    Raises:
        UnusableAnswer: ``malformed`` when it is no such answer or one for another id, ``gone`` when the workflow is
            not published, ``too_large``.
    """
    answer, repaired = load_json(body)
    workflow = answer.get("workflow") if isinstance(answer, dict) else None
    if not isinstance(workflow, dict):
        raise UnusableAnswer("malformed", "an answer without a workflow")
    _check_id(workflow.get("id"), id)
    if workflow.get("status") not in ("published", None):
        raise UnusableAnswer("gone", "the workflow is not published")
    workflow.pop("nodes", None)
    return Detail(workflow, repaired)


def read_editor(body: bytes, id: int) -> EditorFacts:
    """Price, time of the last edit and status; an unpublished workflow has them too.

    Raises:
        UnusableAnswer: ``malformed`` when it is no such answer or one for another id, ``too_large``.
    """
    answer, _ = load_json(body)
    data = answer.get("data") if isinstance(answer, dict) else None
    attributes = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(attributes, dict):
        raise UnusableAnswer("malformed", "an answer without data and attributes")
    _check_id(data.get("id"), id)
    is_paid, price_usd = _price(attributes)
    updated_at, status = read_timestamp(attributes.get("updatedAt")), read_label(attributes.get("status"))
    return EditorFacts(is_paid, price_usd, updated_at, status)


def _check_id(found: Any, id: int) -> None:
    if isinstance(found, bool) or found != id:
        raise UnusableAnswer("malformed", f"an answer for another workflow than {id}")


def _price(attributes: dict[str, Any]) -> tuple[bool | None, float | None]:
    if attributes.get("price", "renamed") in (None, 0):
        return False, 0.0
    price = read_price(attributes["price"]) if "price" in attributes else None
    return (True, price) if price else (None, None)
