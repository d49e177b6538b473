"""Which of the fields that rows are made from an answer has in a readable form. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from n8n_scraper.completeness import is_filled
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.explainer import read_description
from n8n_scraper.layers.metadata import fill_metadata
from n8n_scraper.layers.workflow_json import nodes_of, read_workflow
from n8n_scraper.site.detail import Detail, EditorFacts
from n8n_scraper.site.page import PageFacts

ANSWER = "answer"
"""Stands for the answer as a whole: it could be read."""
_METADATA = (
    *("name", "author_name", "author_username", "author_verified"),
    *("categories", "created_at", "views", "recent_views"),
)
_PAGE = ("title", "author_name", "author_username", "categories", "is_paid", "description", "url")
_EDITOR = ("is_paid", "updated_at")


def fields_of(
    answers: Mapping[Any, Detail | PageFacts | EditorFacts], failures: Mapping[Any, UnusableAnswer]
) -> dict[tuple[str, str], bool]:
    """(source, field) → whether it is there, of all answers about one workflow.

    Of answers that did not come (gone, refused, no connection) nothing is told.
    """
    found = {(source, ANSWER): False for source, failure in failures.items() if failure.kind == "malformed"}
    for source, answer in answers.items():
        found[source, ANSWER] = True
        found.update({(source, name): is_filled(value) for name, value in _fields(answer).items()})
    return found


def _fields(answer: Detail | PageFacts | EditorFacts) -> dict[str, Any]:
    if isinstance(answer, Detail):
        return _detail_fields(answer.workflow)
    names = _PAGE if isinstance(answer, PageFacts) else _EDITOR
    return {name: getattr(answer, name) for name in names}


def _detail_fields(answer: dict[str, Any]) -> dict[str, Any]:
    item = WorkflowItem(id=0)
    fill_metadata(item, answer)
    inner = read_workflow(answer)
    nodes = list(nodes_of(inner)) if inner else []
    return {
        **{name: getattr(item, name) for name in _METADATA},
        "description": read_description(answer),
        "workflow": inner,
        "workflow.nodes": nodes,
        "workflow.nodes.type": [node["type"] for node in nodes if isinstance(node.get("type"), str)],
        "workflow.connections": None if inner is None else isinstance(inner.get("connections"), dict) or None,
    }
