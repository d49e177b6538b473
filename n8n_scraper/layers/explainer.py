"""Layer 3: what explains the workflow to a person, and the inventory of its images and videos. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.document import Document, read_document
from n8n_scraper.layers.inventory import Inventory
from n8n_scraper.layers.sticky_notes import StickyNote, read_sticky_notes
from n8n_scraper.layers.workflow_json import read_workflow
from n8n_scraper.site.markdown_escapes import link_target

MAX_NOTES = 1_000
MAX_NOTES_TEXT = 100_000
"""How many sticky notes, and characters of all of them together, are analysed; real workflows have at most 72 notes
and 22,905 characters. All are in the column sticky_notes."""

_FILE = re.compile(r"(\]\()(fileId:([0-9]{1,18}))(?=[)\s])")


def fill_explainer(item: WorkflowItem, answer: dict[str, Any]) -> Counter[str]:
    """Fills the columns of layer 3 from an API answer; returns what was kept out of the inventory."""
    workflow = read_workflow(answer)
    notes = read_sticky_notes(workflow) if workflow else []
    item.description = read_description(answer)
    inventory = fill_texts(item, notes)
    for _, url in _image_list(answer):
        inventory.add_image(url, None, "image_list")
    item.images, item.videos = inventory.images, inventory.videos
    return inventory.rejected


def fill_texts(item: WorkflowItem, notes: Sequence[StickyNote]) -> Inventory:
    """Fills what is read from the texts: the description (already in the item) and the sticky notes."""
    inventory = Inventory()
    document = read_document(item.description or "")
    inventory.add_document(document, "description")
    texts = [document.text]
    for note, found in zip(notes, _documents(notes), strict=False):
        inventory.add_document(found, "sticky_note", note.node_name)
        texts.append(found.text)
    item.explainer_text = "\n\n".join(text for text in texts if text)
    item.sections = [section._asdict() for section in document.sections]
    item.links = [link._asdict() for link in document.links]
    item.code_blocks = [code._asdict() for code in document.code_blocks]
    item.sticky_notes = [note._asdict() for note in notes]
    return inventory


def has_explainer(item: WorkflowItem) -> bool:
    """Whether the source has layer 3: a description or a sticky note with text in it."""
    return bool((item.description or "").strip()) or any(note["text"].strip() for note in item.sticky_notes or ())


def read_description(answer: dict[str, Any]) -> str | None:
    """The Markdown as its author wrote it: the API writes < and > as entities, and uploaded images as fileId:N."""
    description = answer.get("description")
    if not isinstance(description, str):
        return None
    decoded = description.replace("&lt;", "<").replace("&gt;", ">")
    if "fileId:" not in decoded:
        return decoded
    files = dict(reversed(_image_list(answer)))
    return _FILE.sub(lambda match: match[1] + link_target(files.get(int(match[3]), match[2])), decoded)


def _documents(notes: Sequence[StickyNote]) -> Iterator[Document]:
    left = MAX_NOTES_TEXT
    for note in notes[:MAX_NOTES]:
        yield read_document(note.text[:left])
        left = max(0, left - len(note.text))


def _image_list(answer: dict[str, Any]) -> list[tuple[int | None, str]]:
    """Uploaded images: id and address."""
    images = answer.get("image")
    return [
        (image.get("id") if isinstance(image.get("id"), int) else None, image["url"].strip())
        for image in (images if isinstance(images, list) else ())
        if isinstance(image, dict) and isinstance(image.get("url"), str)
    ]
