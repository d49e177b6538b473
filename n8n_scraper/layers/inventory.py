"""Every image and video of a workflow: in order, once each, with the place where it was found first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import urlsplit

from n8n_scraper.layers.document import Document
from n8n_scraper.layers.videos import MAX_URL_LENGTH, Video, read_video

FoundIn = Literal["description", "sticky_note", "image_list", "page"]

REJECTED = ("image_embedded", "image_address", "video_id")
"""What is kept out and counted: images that are data: and no address; addresses nobody can download from
(attachment:…, relative ones); video addresses with a placeholder or a cut-off id."""


class Inventory:
    """Collects images and videos; the lists hold rows as the columns ``images`` and ``videos`` have them."""

    def __init__(self, images: Iterable[dict[str, Any]] = (), videos: Iterable[dict[str, Any]] = ()) -> None:
        self.images = list(images)
        self.videos = list(videos)
        self.rejected: Counter[str] = Counter()
        self._image_urls = {image["url"] for image in self.images}
        self._videos = {(video["platform"], video["video_id"] or video["url"]) for video in self.videos}
        self._refused: set[str] = set()

    def add_document(self, document: Document, found_in: FoundIn, node_name: str | None = None) -> None:
        for image in document.images:
            self.add_image(image.url, image.alt, found_in, node_name)
        for address in document.addresses:
            self.add_address(address.url, found_in, node_name, said=address.said)

    def add_image(self, url: str, alt: str | None, found_in: FoundIn, node_name: str | None = None) -> None:
        address = _absolute(url)
        if address is None:
            self._refuse("image_embedded" if url[:5].lower() == "data:" else "image_address", url)
        elif address not in self._image_urls:
            self._image_urls.add(address)
            self.images.append(_image_row(address, alt, found_in, node_name))

    def add_address(self, url: str, found_in: FoundIn, node_name: str | None = None, *, said: str = "") -> None:
        """Adds the video that an address leads to, if any; ``said`` are the words that go with it."""
        video, is_malformed = read_video("https:" + url if url.startswith("//") else url, said)
        if is_malformed:
            self._refuse("video_id", url)
        elif video is not None and (key := (video.platform, video.video_id or video.url)) not in self._videos:
            self._videos.add(key)
            self.videos.append(_video_row(video, found_in, node_name))

    def _refuse(self, what: str, url: str) -> None:
        if url not in self._refused:
            self._refused.add(url)
            self.rejected[what] += 1


def _absolute(url: str) -> str | None:
    """An address to download from, else None."""
    address = "https:" + url if url.startswith("//") else url
    try:
        parts = urlsplit(address) if len(address) <= MAX_URL_LENGTH else None
    except ValueError:
        return None
    return address if parts and parts.scheme in ("http", "https") and parts.hostname else None


def _image_row(url: str, alt: str | None, found_in: FoundIn, node_name: str | None) -> dict[str, Any]:
    downloaded = dict.fromkeys(("width", "height", "format", "bytes", "sha256", "path"))
    return {"url": url, "found_in": found_in, "node_name": node_name, "alt": alt, **downloaded}


def _video_row(video: Video, found_in: FoundIn, node_name: str | None) -> dict[str, Any]:
    return {**video._asdict(), "found_in": found_in, "node_name": node_name}
