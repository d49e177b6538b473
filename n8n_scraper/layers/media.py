"""The layer media: what became of each image, and what that makes of the layer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from n8n_scraper.exceptions import UnusableAnswer

FILLED = ("width", "height", "format", "bytes", "sha256", "path")
"""Members of an image in the column ``images`` that are null until it is downloaded."""
FOR_GOOD = frozenset({"gone", "blocked", "disallowed", "malformed", "too_large", "unexpected"})
"""What is not asked again, unless with refresh=all: another time the answer would be the same. Not a failure of ours,
and none of the workflow; an image host that refuses is mostly an address that has expired."""


class Fetched(NamedTuple):
    """What became of an address. ``error_kind`` None: the file is there; else a failure kind, or ``disallowed``."""

    url: str
    error_kind: str | None
    error: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    path: str | None = None
    """Below DATA_DIR."""
    fetched_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        return self.error_kind is None or self.error_kind in FOR_GOOD


class Outcome(NamedTuple):
    status: str
    failure: UnusableAnswer | None = None


def fill_images(images: Sequence[dict[str, Any]], fetched: Mapping[str, Fetched]) -> None:
    """Put what was downloaded into images, in place; the others' members become null."""
    for image in images:
        found = fetched.get(image["url"])
        image.update({name: getattr(found, name) if found else None for name in FILLED})


def outcome(images: Sequence[Mapping[str, Any]], fetched: Mapping[str, Fetched]) -> Outcome:
    """Status of the layer: ``missing`` where there is no image (any more), ``failed`` where one may be there another
    time, ``disallowed`` where robots.txt keeps all, ``skipped`` where one was never asked for, else ``ok``.
    """
    found = {url: fetched.get(url) for url in (image["url"] for image in images)}
    if not all(found.values()):
        return Outcome("skipped" if found else "missing")
    kinds = Counter(image.error_kind for image in found.values() if image)
    if failed := next((image for image in found.values() if image and not image.is_final), None):
        count = sum(count for kind, count in kinds.items() if kind and kind not in FOR_GOOD)
        reason = f"{count} of {len(found)} images: {failed.error}"
        return Outcome("failed", UnusableAnswer(failed.error_kind or "internal", reason))
    if kinds[None]:
        return Outcome("ok")
    return Outcome("disallowed" if kinds.keys() == {"disallowed"} else "missing")
