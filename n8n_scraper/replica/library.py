"""What a replica serves: entries that list and pages are made of, and one recorded answer per id. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A template as sitemap, listing and pages know it.

    ``status`` is ``published``, ``unpublished`` (only ``/api/workflows/{id}`` tells of it) or ``gone``;
    ``price`` is in US dollars, None when free; ``trap`` names what is odd about it, None when nothing is.
    """

    id: int
    name: str
    slug: str
    author: str
    categories: tuple[str, ...]
    views: int
    created_at: str
    updated_at: str
    price: float | None = None
    status: str = "published"
    listed: bool = True
    trap: str | None = None

    @property
    def path(self) -> str:
        """Path of the canonical page."""
        return f"/workflows/{self.id}-{self.slug}/"

    @property
    def is_published(self) -> bool:
        return self.status == "published"


class Library(Protocol):
    """Templates by id; ids that are missing from ``entries`` have never existed."""

    @property
    def entries(self) -> Mapping[int, Entry]: ...

    @property
    def remark(self) -> str:
        """What a user should know about it, as a sentence; empty when there is nothing."""
        ...

    def answer(self, id: int) -> bytes:
        """The ``workflow`` member of the detail answer, as JSON text; KeyError for an unknown id."""
        ...

    def close(self) -> None: ...


def listed(library: Library) -> Iterator[Entry]:
    """What the sitemap and the listing show, by ascending id."""
    return (entry for _, entry in sorted(library.entries.items()) if entry.listed and entry.is_published)


PRICES = (5.0, 9.0, 15.0, 19.5, 20.0, 29.0, 49.0, 100.0)


def seeded_price(id: int, seed: int, share: float) -> float | None:
    """A price for ``share`` of all ids, the same for a seed whatever else is in the library."""
    digest = hashlib.sha256(f"{seed}/{id}/price".encode()).digest()
    if int.from_bytes(digest[:4], "big") >= share * 2**32:
        return None
    return PRICES[digest[4] % len(PRICES)]
