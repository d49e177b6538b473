"""Real templates against a naive recount that shares no code with the parser. Skipped where the corpus is absent."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import zstandard

from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.row import from_detail
from n8n_scraper.quality import score
from n8n_scraper.site.detail import read_detail

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
EVERY = 10
STICKY_NOTE = "n8n-nodes-base.stickyNote"
YOUTUBE = re.compile(
    r"(?:youtu\.be/|youtube(?:-nocookie)?\.com/(?:watch\?(?:[^\s\"'<>)\]]*?&(?:amp;)?)?v=|embed/|shorts/|live/|v/|vi/|"
    r"vi_webp/)|ytimg\.com/vi(?:_webp)?/|@\[youtube\]\()([\w-]{11})(?![\w-])",
    re.ASCII,
)

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="there is no ../shared/corpus beside the repository")


def _templates() -> Iterator[dict[str, Any]]:
    """Every tenth template, and all that are known to be odd."""
    odd = {case["id"] for case in json.loads((CORPUS / "edge_cases.json").read_text(encoding="utf-8"))}
    packed = (CORPUS / "templates.jsonl.zst").open("rb")
    with packed, zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(packed) as stream:
        for number, line in enumerate(io.TextIOWrapper(stream, encoding="utf-8", newline="\n")):
            template = json.loads(line)
            if number % EVERY == 0 or template["id"] in odd:
                yield template


def _recount(template: dict[str, Any]) -> dict[str, Any]:
    workflow = template["workflow"]
    types = Counter(node["type"] for node in workflow["nodes"])
    notes = [node for node in workflow["nodes"] if node["type"] == STICKY_NOTE]
    description = template["description"].replace("&lt;", "<").replace("&gt;", ">")
    for image in template["image"]:
        description = description.replace(f"(fileId:{image['id']})", f"({image['url']})")
    texts = [(note.get("parameters") or {}).get("content") or "" for note in notes]
    sticky_notes = types.pop(STICKY_NOTE, 0)
    slots = [slot for kinds in workflow["connections"].values() for slots in kinds.values() for slot in slots]
    return {
        "name": template["name"],
        "author": (template["user"]["name"].strip(), template["user"]["username"], template["user"]["verified"]),
        "categories": [category["name"] for category in template["categories"]],
        "created_at": datetime.strptime(template["createdAt"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc),
        "views": (template["totalViews"], template["recentViews"]),
        "description": description,
        "counts": (sum(types.values()), sticky_notes, sum(isinstance(e, dict) for slot in slots for e in slot or ())),
        "types": dict(types),
        "workflow": workflow,
        "notes": sorted(texts),
        "youtube": {found for text in (description, *texts) for found in YOUTUBE.findall(text)},
    }


def _row(item: WorkflowItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "author": (item.author_name, item.author_username, item.author_verified),
        "categories": item.categories,
        "created_at": item.created_at,
        "views": (item.views, item.recent_views),
        "description": item.description,
        "counts": (item.node_count, item.sticky_note_count, item.connection_count),
        "types": item.node_type_counts,
        "workflow": item.workflow,
        "notes": sorted(note["text"] for note in item.sticky_notes or ()),
        "youtube": {video["video_id"] for video in item.videos or () if video["platform"] == "youtube"},
    }


def test_rows_agree_with_a_naive_recount() -> None:
    count = 0
    for template in _templates():
        count += 1
        expected = _recount(template)
        detail = read_detail(json.dumps({"workflow": template}).encode(), template["id"])
        item = WorkflowItem(id=template["id"])
        from_detail(item, detail.workflow)
        assert _row(item) == expected, template["id"]
        assert (item.layer1_status, item.layer2_status, item.layer3_status) == ("ok", "ok", "ok")
        assert not detail.repaired
    assert count > 200


def test_the_score_tells_real_templates_apart() -> None:
    scores = []
    for template in _templates():
        item = WorkflowItem(id=template["id"], url="https://n8n.io/workflows/1-x/", is_paid=False)
        from_detail(item, template)
        scores.append(score(item, (20, 30, 40, 10)).score or 0.0)
    share = sum(points >= 80 for points in scores) / len(scores)
    assert 0.4 < share < 0.9
    assert max(scores) - min(scores) > 40
