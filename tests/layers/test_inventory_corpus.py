"""The inventory of all real templates beside an independent count, with every difference explained.

The count shares no code with the parser: regular expressions over the raw JSON text of a template. What only it finds
must stand where no reader of the template's explanation sees it, or be one of the few listed here.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import zstandard

from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.explainer import fill_explainer

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
STICKY_NOTE = "n8n-nodes-base.stickyNote"
SIGNS = re.compile(r"(?i)youtu|ytimg|vimeo|loom\.com|drive\.google|\.mp4|\.webm|!\[|<img")
"""Of a text that is worth parsing; of templates without, every twentieth is parsed all the same."""
YOUTUBE = re.compile(
    r"(?i)(?:youtu\.be/(?:watch\?v=)?|youtube(?:-nocookie)?\.com/(?:watch\?(?:[^\s\"\\<>)\]]*?(?:&|&amp;|\\u0026))?v=|watch/|"
    r"embed/|shorts/|live/|v/|e/|vi/|vi_webp/)|ytimg\.com/(?:vi|vi_webp|an_webp)/|@\[youtube\]\()([A-Za-z0-9_-]{11})(?![A-Za-z0-9_-])"
)
OTHERS = {
    "loom": re.compile(r"loom\.com/(?:share|embed)/([0-9a-f]{32})"),
    "vimeo": re.compile(r"vimeo\.com/(?:video/)?(\d{6,})"),
    "google_drive": re.compile(r"drive\.google\.com/file/d/([\w-]{20,})"),
    "file": re.compile(r"(https?://[^\s\"\\()<>`]+\.(?:mp4|webm|mov))(?![\w/])"),
}
IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^)\s>]*)|<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)

ONLY_COUNTED_YOUTUBE = {"pinned data": 24, "node parameters": 4, "notes of a node": 1}
"""Results an author pinned, values of a form or a request, and the remark under a node: not the explanation."""
ONLY_COUNTED_OTHERS = {
    "google_drive": "a file that its words do not call a video: a guide, a sheet, a résumé",
    "file": "inside a block of code, or an address of example.com",
}
ONLY_COUNTED_IMAGES = {
    1690: "![](1): no address; counted as image_address",
    5433: "![](6), ![](15): no addresses; counted as image_address",
    5776: "attachment:…: an address of another program; counted as image_address",
    9273: "inside a block of code",
    10459: "inside a block of code",
    10900: "a placeholder inside a block of code",
}
BRACKETS_IN_THE_ADDRESS = {2037, 2453, 2572, 6970}
"""``(3).png`` and ``/<IMAGE-NAME>.png``: the count's expression stops at the bracket, Markdown does not."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="there is no ../shared/corpus beside the repository")


class Found(NamedTuple):
    line: str
    template: dict[str, Any]
    images: set[str]
    videos: set[tuple[str, str]]
    rejected: Counter[str]


@pytest.fixture(scope="module")
def inventories() -> list[Found]:
    return list(_inventories())


def _inventories() -> Iterator[Found]:
    packed = (CORPUS / "templates.jsonl.zst").open("rb")
    with packed, zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(packed) as stream:
        for number, line in enumerate(io.TextIOWrapper(stream, encoding="utf-8", newline="\n")):
            template = json.loads(line)
            has_sign = template["image"] or any(map(SIGNS.search, _texts(template)))
            if number % 20 and not has_sign and not YOUTUBE.search(line):
                continue
            item = WorkflowItem(id=template["id"])
            rejected = fill_explainer(item, template)
            videos = {(video["platform"], video["video_id"] or video["url"]) for video in item.videos or ()}
            yield Found(line, template, {image["url"] for image in item.images or ()}, videos, rejected)


def test_every_youtube_video_is_counted_too_and_the_rest_is_not_of_the_explanation(inventories: list[Found]) -> None:
    both, explained = 0, Counter[str]()
    for found in inventories:
        ours = {id for platform, id in found.videos if platform == "youtube"}
        counted = set(YOUTUBE.findall(found.line))
        assert ours <= counted, found.template["id"]
        both += len(ours)
        explained.update(_place(found.template, id) for id in counted - ours)
    assert both == 204
    assert dict(explained) == ONLY_COUNTED_YOUTUBE


def test_other_platforms_are_counted_too(inventories: list[Found]) -> None:
    ours, explained = Counter[str](), Counter[str]()
    for found in inventories:
        texts = "\n".join(_texts(found.template))
        for platform, pattern in OTHERS.items():
            mine = {id for of, id in found.videos if of == platform}
            counted = set(pattern.findall(texts))
            assert mine <= counted, found.template["id"]
            ours[platform] += len(mine)
            explained[platform] += len(counted - mine)
    assert ours == {"loom": 6, "vimeo": 1, "google_drive": 1, "file": 3}
    assert +explained == {"google_drive": 12, "file": 3}
    assert (+explained).keys() == ONLY_COUNTED_OTHERS.keys()


def test_every_image_is_counted_too(inventories: list[Found]) -> None:
    ours = both = 0
    for found in inventories:
        id, counted = found.template["id"], set(_counted_images(found.template))
        ours, both = ours + len(found.images), both + len(found.images & counted)
        if id in BRACKETS_IN_THE_ADDRESS:
            assert all(any(image.startswith(cut) for image in found.images) for cut in counted - found.images)
            continue
        assert found.images <= counted, id
        assert counted == found.images or id in ONLY_COUNTED_IMAGES, id
    assert (ours, both) == (862, 855)


def test_what_is_no_image_or_video_is_counted(inventories: list[Found]) -> None:
    rejected = sum((found.rejected for found in inventories), Counter[str]())
    assert rejected == {"image_address": 4, "video_id": 1}


def _texts(template: dict[str, Any]) -> list[str]:
    notes = [node for node in template["workflow"]["nodes"] if node["type"] == STICKY_NOTE]
    description = template["description"].replace("&lt;", "<").replace("&gt;", ">")
    return [description, *((note.get("parameters") or {}).get("content") or "" for note in notes)]


def _counted_images(template: dict[str, Any]) -> Iterator[str]:
    files = {f"fileId:{image['id']}": image["url"].strip() for image in reversed(template["image"])}
    for text in _texts(template):
        for markdown, tag in IMAGE.findall(text):
            yield files.get(markdown or tag, markdown or tag)
    yield from files.values()


def _place(template: dict[str, Any], id: str) -> str:
    """Where in a template an id stands that is not in its explanation."""
    assert id not in "\n".join(_texts(template)), (template["id"], id)
    if id in json.dumps(template["workflow"].get("pinData")):
        return "pinned data"
    nodes = template["workflow"]["nodes"]
    if id in json.dumps([node.get("parameters") for node in nodes]):
        return "node parameters"
    return "notes of a node" if id in json.dumps([node.get("notes") for node in nodes]) else "unexplained"
