"""The row contract: one row per workflow, the same names in the same order everywhere.

The fields of :class:`WorkflowItem` that carry a type *are* the contract. Feeds, snapshot, Arrow schema,
dataset card, the view ``workflow_rows`` and the README's table are made from :data:`COLUMNS` or checked against it.

Types are written as in the contract: ``int`` (int64), ``number`` (float64), ``bool``, ``text``, ``timestamp``
(microseconds, UTC), ``object`` (any JSON object), ``list<T>``, ``map<text,int>`` and ``{name T, name T}`` where a
missing T means ``text``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, NamedTuple

Written = Literal["key", "content", "observed", "derived"]
"""When a column is written: content if the hash differs, observed at every crawl, derived if content or parser does."""


class Column(NamedTuple):
    name: str
    type: str
    written: Written
    meaning: str


def _column(type_: str, written: Written, meaning: str) -> Any:
    return field(default=None, metadata={"type": type_, "written": written, "meaning": meaning})


LAYERS = {1: "layer1_status", 2: "layer2_status", 3: "layer3_status"}
"""Number of a layer that one answer carries → its status column."""

STAGES = {"media": "media_status", "transcripts": "transcripts_status"}
"""Name of an opt-in layer, in the order they run after the row is stored → its status column."""

STATUS_COLUMNS = (*LAYERS.values(), *STAGES.values())

LAYER_STATUSES = ("ok", "missing", "gone", "blocked", "disallowed", "failed", "skipped")
ANSWERED = frozenset({"ok", "missing"})
"""Statuses of a layer that its source has told: it has it, or it has none."""
CRAWL_STATUSES = ("complete", "partial", "gone", "failed")

QUALITY_BANDS = {"excellent": 80.0, "good": 40.0, "poor": 0.0}
"""quality_band, the best first → its least quality_score."""
_BANDS = " · ".join(f"{band} from {least:g}" if least else band for band, least in QUALITY_BANDS.items())

_STATUS = "ok · missing the source has none · gone · blocked · disallowed · failed · skipped not asked for"


@dataclass(slots=True, kw_only=True)
class WorkflowItem:
    """A workflow as one crawl saw it; the store adds what only it knows (first_seen_at, changed_at)."""

    id: int = field(metadata={"type": "int", "written": "key", "meaning": "number in the URL"})
    name: str | None = _column("text", "content", "title as published")
    slug: str | None = _column("text", "observed", "last part of the canonical address, without the id")
    url: str | None = _column("text", "observed", "canonical address")
    crawl_status: str | None = _column("text", "observed", "complete · partial · gone · failed")
    layer1_status: str | None = _column("text", "observed", f"metadata: {_STATUS}")
    layer2_status: str | None = _column("text", "observed", "workflow JSON: likewise")
    layer3_status: str | None = _column("text", "observed", "explainer: likewise")
    media_status: str | None = _column(
        "text", "observed", "images, downloaded: likewise; failed: some may be there another time"
    )
    transcripts_status: str | None = _column("text", "observed", "transcripts of videos: likewise")
    error_kind: str | None = _column("text", "observed", "kind of the last failure since the last success, else null")
    error: str | None = _column("text", "observed", "that failure in a sentence, else null")
    author_name: str | None = _column("text", "observed", "author as shown")
    author_username: str | None = _column("text", "observed", "author's name in addresses")
    author_verified: bool | None = _column("bool", "observed", "verified creator")
    categories: list[str] | None = _column("list<text>", "observed", "categories as published; null when unknown")
    created_at: datetime | None = _column("timestamp", "observed", "published; null when unknown")
    updated_at: datetime | None = _column("timestamp", "observed", "edited; only where a source gives it")
    views: int | None = _column("int", "observed", "views in all; null when unknown, never 0 for it")
    recent_views: int | None = _column("int", "observed", "recent views; null when unknown")
    is_paid: bool | None = _column("bool", "observed", "sold for money; null when unknown")
    price_usd: float | None = _column("number", "observed", "price in US dollars, 0 when free; null when unknown")
    is_listed: bool | None = _column("bool", "observed", "in the last sitemap seen; null when none was seen")
    description: str | None = _column(
        "text", "content", "Markdown as published, &lt; and &gt; decoded, fileId: images resolved"
    )
    explainer_text: str | None = _column("text", "derived", "description and sticky notes as plain text")
    sections: list[dict[str, Any]] | None = _column(
        "list<{level int, title, text}>", "derived", "headings of the description with their text"
    )
    links: list[dict[str, Any]] | None = _column("list<{url, text}>", "derived", "links of the description")
    code_blocks: list[dict[str, Any]] | None = _column("list<{language, code}>", "derived", "code of the description")
    sticky_notes: list[dict[str, Any]] | None = _column(
        "list<{node_name, text}>", "derived", "in reading order: top to bottom, left to right"
    )
    images: list[dict[str, Any]] | None = _column(
        "list<{url, found_in, node_name, alt, width int, height int, format, bytes int, sha256, path}>",
        "derived",
        "found_in: description · sticky_note · image_list · page; the last six null until downloaded",
    )
    videos: list[dict[str, Any]] | None = _column(
        "list<{platform, video_id, url, found_in, node_name}>", "derived", "videos shown or linked"
    )
    transcripts: list[dict[str, Any]] | None = _column(
        "list<{video_id, status, language, is_generated bool, text}>",
        "derived",
        "what is said in the videos on YouTube; status: ok, or why there is no text",
    )
    node_count: int | None = _column("int", "derived", "nodes without sticky notes")
    sticky_note_count: int | None = _column("int", "derived", "sticky notes")
    connection_count: int | None = _column("int", "derived", "edges")
    node_types: list[str] | None = _column("list<text>", "derived", "sorted, distinct, without sticky notes")
    node_type_counts: dict[str, int] | None = _column("map<text,int>", "derived", "nodes of each of these types")
    workflow: dict[str, Any] | None = _column(
        "object",
        "content",
        "JSON-equal to the published one after repair and redaction; null unless known to be free",
    )
    quality_score: float | None = _column("number", "derived", "0 to 100; null without content")
    quality_band: str | None = _column("text", "derived", _BANDS)
    quality_missing: list[str] | None = _column("list<text>", "derived", "what cost points")
    redaction_count: int | None = _column("int", "derived", "secrets replaced by [REDACTED:<kind>]")
    content_hash: str | None = _column(
        "text", "content", "sha256 of canonical JSON of name, description and workflow, before redaction"
    )
    first_seen_at: datetime | None = _column("timestamp", "observed", "first crawled")
    scraped_at: datetime | None = _column("timestamp", "observed", "last crawled with success")
    changed_at: datetime | None = _column("timestamp", "content", "when content_hash last changed")
    gone_at: datetime | None = _column("timestamp", "observed", "when it was found gone; null while it is there")
    attempt_count: int | None = _column("int", "observed", "attempts of its last crawl, retries included")
    request_count: int | None = _column("int", "observed", "requests of its last crawl")
    service_seconds: float | None = _column(
        "number", "observed", "time its answers and their processing took, without waits and back-off"
    )
    parser_version: str | None = _column("text", "derived", "version of the parser that derived the row")
    run_id: str | None = _column("text", "observed", "the run that last crawled it")

    # Not part of the row: what travels with it through the pipelines.
    source: str | None = None
    """Where the content came from: ``api``, ``page``, or None when this crawl brought none."""
    seen: dict[int, str] | None = None
    """Statuses of layers 1 to 3 as this crawl saw them, where the row may keep better ones; None: it asked for none."""
    is_stored: bool = False
    """Its row, as it is here, is committed: only the stages are left of it."""
    answer: dict[str, Any] | str | None = None
    """The answer the content was parsed from (API: object, page: HTML), stored so that the row can be derived again."""


COLUMNS: tuple[Column, ...] = tuple(
    Column(f.name, f.metadata["type"], f.metadata["written"], f.metadata["meaning"])
    for f in fields(WorkflowItem)
    if "type" in f.metadata
)
COLUMN_NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)

SCHEMA_VERSION = 1
"""Version of the row contract, as told by the manifest; raised when a name, type or meaning changes."""
