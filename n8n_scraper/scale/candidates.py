"""What a library has to choose from: each template with what a dataset is composed by. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from n8n_scraper.config import Config
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.row import from_detail
from n8n_scraper.layers.transcripts import video_ids
from n8n_scraper.quality import score
from n8n_scraper.replica.library import Entry, Library
from n8n_scraper.site.detail import read_detail

NODE_BOUNDS = (5, 10, 20, 50)
"""Upper ends of the classes of size; the last class is open."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """``quality`` is None where there is nothing to score; ``nodes`` are counted without sticky notes."""

    id: int
    category: str
    created: str
    """Year and month."""
    nodes: int = 0
    quality: float | None = None
    text_length: int = 0
    images: int = 0
    has_images_elsewhere: bool = False
    """Some lie on a host that no replica stands in for."""
    videos: int = 0
    """That may have a transcript."""
    trap: str | None = None
    state: str = "listed"
    """``listed``, ``unlisted``, ``unpublished``, ``gone`` or ``malformed`` (its answer cannot be read)."""

    @property
    def size_class(self) -> int:
        """0 for the smallest."""
        return sum(self.nodes > bound for bound in NODE_BOUNDS)


def survey(library: Library, image_base: str = "") -> Iterator[Candidate]:
    """Every template by ascending id, read and scored as a crawl would; the replica serves images below
    ``image_base``, none where it is empty.
    """
    return (_candidate(library, entry, image_base) for _, entry in sorted(library.entries.items()))


def _candidate(library: Library, entry: Entry, image_base: str) -> Candidate:
    state = entry.status if not entry.is_published else "listed" if entry.listed else "unlisted"
    category = entry.categories[0] if entry.categories else ""
    known = Candidate(id=entry.id, category=category, created=entry.created_at[:7], trap=entry.trap, state=state)
    if state in {"gone", "unpublished"}:
        return known
    return _read(known, library.answer(entry.id), entry.slug, image_base)


def _read(known: Candidate, answer: bytes, slug: str, image_base: str) -> Candidate:
    try:
        detail = read_detail(b'{"workflow":' + answer + b"}", known.id)
    except UnusableAnswer:
        return replace(known, state="malformed")
    item = WorkflowItem(id=known.id, slug=slug, url=slug)
    from_detail(item, detail.workflow)
    images = [image["url"] for image in item.images or ()]
    return replace(
        known,
        images=len(images),
        has_images_elsewhere=any(not image_base or not url.startswith(f"{image_base}/") for url in images),
        videos=len(video_ids(item.videos or ())),
        nodes=item.node_count or 0,
        quality=score(item, Config().quality_weights).score,
        text_length=len(item.description or ""),
    )
