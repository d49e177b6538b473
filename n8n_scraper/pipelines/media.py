"""The stage ``media``: downloads the images of a row, each address once, over all workflows and runs."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import datetime, timezone
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg2
from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.pipelines.media import FileInfo, MediaPipeline
from twisted.python.failure import Failure

from n8n_scraper import stats
from n8n_scraper.downloader import NotSent
from n8n_scraper.exceptions import StartError, StoreUnavailable, UnusableAnswer
from n8n_scraper.export.aside import AsideFile
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.image_download import ImageDownload
from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.image_file import SUFFIXES, read_image
from n8n_scraper.layers.media import Fetched, fill_images, outcome
from n8n_scraper.middlewares.robots import Disallowed
from n8n_scraper.pipelines.acknowledge import asked_stages, later
from n8n_scraper.politeness.gate import GateClosed
from n8n_scraper.project import load_config
from n8n_scraper.stages import decided, note_outcome
from n8n_scraper.store import jobs
from n8n_scraper.store.media_files import keep, read_fetched

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.pipelines.media import FileInfoOrError
    from typing_extensions import Self

    from n8n_scraper.config import Config
    from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)
STAGE = "media"
_LEFT = (NotSent, GateClosed, StoreUnavailable, psycopg2.Error, OSError)
"""What ends the stage of a workflow without a word about its images."""


class _Download(FileInfo):
    """What Scrapy's pipeline remembers of a request, for all items of a run that ask for it."""

    fetched: Fetched | None
    error: BaseException | None


class ImagePipeline(MediaPipeline):
    """Files go to ``<DATA_DIR>/media/<first two digits>/<sha256>.<ending>``: the same picture is there once."""

    def __init__(self, *, crawler: Crawler, config: Config, download: ImageDownload) -> None:
        super().__init__(crawler=crawler)
        self._download = download
        self._spider = cast("WorkflowsSpider", crawler.spider)
        self._data_dir = Path(config.data_dir)
        self._max_pixels = config.max_image_pixels
        self._due: dict[int, list[str]] = {}
        self._renewed_since: datetime | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if STAGE not in asked_stages(crawler):
            raise NotConfigured
        config = load_config(crawler.settings)
        rate = crawler.get_extension(RateExtension)
        assert rate is not None
        _make_folder(Path(config.data_dir) / "media")
        return cls(crawler=crawler, config=config, download=ImageDownload(crawler, config, rate))

    async def process_item(self, item: WorkflowItem) -> WorkflowItem:  # type: ignore[override]  # no former ``spider``
        if status := decided(item, item.images):
            note_outcome(item, STAGE, status)
            return item
        images = item.images or []
        urls = list(dict.fromkeys(image["url"] for image in images))
        with later(self.crawler, item):
            await self._read_job()
            kept = await self._spider.session.run(partial(read_fetched, urls=urls))
            self._due[item.id] = [url for url in urls if self._is_due(kept.get(url))]
            self.crawler.stats.inc_value(stats.MEDIA_KEPT_COUNT, len(urls) - len(self._due[item.id]))
            kept |= {fetched.url: fetched for fetched in await super().process_item(item)}
        fill_images(images, kept)
        note_outcome(item, STAGE, *outcome(images, kept))
        return item

    async def _read_job(self) -> None:
        """With refresh=all, what this job has asked already is not asked again after a kill."""
        job = self._spider.job
        if self._renewed_since is None and job is not None and self._spider.arguments.refresh == "all":
            self._renewed_since = await self._spider.session.run(partial(jobs.created_at, job_id=job.id))

    def _is_due(self, kept: Fetched | None) -> bool:
        if kept is None or not kept.is_final:
            return True
        if kept.error_kind is None:
            return not (self._data_dir / str(kept.path)).is_file()
        renewed_since = self._renewed_since
        return renewed_since is not None and kept.fetched_at is not None and kept.fetched_at < renewed_since

    def get_media_requests(self, item: WorkflowItem, info: MediaPipeline.SpiderInfo) -> list[Request]:
        return [_request(url) for url in self._due[item.id]]

    async def media_to_download(  # type: ignore[override]  # the base awaits what it gets
        self, request: Request, info: MediaPipeline.SpiderInfo, *, item: Any = None
    ) -> _Download:
        """The whole download: left to itself, the base would give up at a redirect and at the first failure."""
        try:
            try:
                response = await self._download.response(_unredacted(request.meta["image"]))
                download = await self.media_downloaded(response, request, info, item=item)
            except (UnusableAnswer, Disallowed):
                download = self.media_failed(Failure(), request, info)  # type: ignore[no-untyped-call]  # Twisted has none here
            fetched = cast("Fetched", download["fetched"])
            await self._spider.session.run(partial(keep, fetched=fetched, now=datetime.now(timezone.utc)))
        except _LEFT as error:  # raised, it would be told with a traceback
            return _Download(url=request.url, path="", checksum=None, status="left", fetched=None, error=error)
        return download

    async def media_downloaded(
        self, response: Response, request: Request, info: MediaPipeline.SpiderInfo, *, item: Any = None
    ) -> _Download:
        """Raises:
        UnusableAnswer: it is no image, a broken one, or one too large.
        """
        image = read_image(response.body, self._max_pixels)
        path = self.file_path(request, response)
        digest = Path(path).stem
        await asyncio.to_thread(_write, self._data_dir / path, response.body)
        count = self.crawler.stats.inc_value
        count(stats.MEDIA_DOWNLOAD_COUNT)
        count(stats.MEDIA_FORMAT_COUNT.format(image.format))
        count(stats.MEDIA_BYTES, len(response.body))
        url, size = request.meta["image"], len(response.body)
        fetched = Fetched(url, None, None, image.width, image.height, image.format, size, digest, path)
        return _Download(url=url, path=path, checksum=digest, status="downloaded", fetched=fetched, error=None)

    def media_failed(  # type: ignore[override]  # a failure is an answer too
        self, failure: Failure, request: Request, info: MediaPipeline.SpiderInfo
    ) -> _Download:
        error, url = failure.value, request.meta["image"]
        kind, reason = ("disallowed", "robots.txt forbids it")
        if isinstance(error, UnusableAnswer):
            kind, reason = error.kind, error.reason
        self.crawler.stats.inc_value(stats.MEDIA_FAILURE_COUNT.format(kind))
        logger.debug("No image at %s: %s: %s", request.url, kind, reason)
        return _Download(
            url=url, path="", checksum=None, status="failed", fetched=Fetched(url, kind, reason), error=None
        )

    def file_path(
        self,
        request: Request,
        response: Response | None = None,
        info: MediaPipeline.SpiderInfo | None = None,
        *,
        item: Any = None,
    ) -> str:
        """Below DATA_DIR, by content alone."""
        assert response is not None
        digest = sha256(response.body).hexdigest()
        return f"media/{digest[:2]}/{digest}.{SUFFIXES[read_image(response.body, self._max_pixels).format]}"

    def item_completed(
        self, results: list[FileInfoOrError], item: WorkflowItem, info: MediaPipeline.SpiderInfo
    ) -> list[Fetched]:
        """What became of the addresses that were due; two spellings of one are asked for once."""
        found = []
        for url, (is_done, result) in zip(self._due.pop(item.id), results, strict=True):
            if not is_done:
                cast("Failure", result).raiseException()
            download = cast("_Download", result)
            if download["fetched"] is None:
                raise download["error"] or RuntimeError("nothing came")
            found.append(download["fetched"]._replace(url=url))
        return found


def _request(url: str) -> Request:
    """Stands for an address in the base's memory; what it cannot hold, or what was redacted, is never asked for."""
    try:
        return Request(url, meta={"image": url})
    except ValueError:
        return Request("https://not-an-address.invalid/", meta={"image": url})


def _unredacted(url: str) -> str:
    """Raises:
    UnusableAnswer: this is not what the author wrote.
    """
    if "[REDACTED:" in url:
        raise UnusableAnswer("unexpected", "its address had a secret, which was redacted")
    return url


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"The folder for images, {folder}, cannot be made ({error.strerror}).") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(f"The folder for images, {folder}: this user may not write there.")


def _write(path: Path, body: bytes) -> None:
    if path.is_file():
        return
    path.parent.mkdir(exist_ok=True)
    file = AsideFile(path)
    try:
        file.write(body)
        file.publish()
    except OSError:
        file.discard()
        raise
