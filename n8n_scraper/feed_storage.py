"""Feeds written aside and renamed when whole, so that nobody meets half a file under its final name."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scrapy.extensions.feedexport import FileFeedStorage

from n8n_scraper.exceptions import StartError
from n8n_scraper.export.aside import AsideFile, is_full
from n8n_scraper.export.format import load_format
from n8n_scraper.export.format_names import FEED_FORMATS
from n8n_scraper.export.selection import choose_columns
from n8n_scraper.spiders.workflows import WorkflowsSpider

if TYPE_CHECKING:
    from scrapy import Spider

logger = logging.getLogger(__name__)


class AtomicFileFeedStorage(FileFeedStorage):
    """FEED_STORAGES for local files. What is no regular file (a pipe, /dev/stdout) is written in place.

    Raises:
        StartError: a feed option that contradicts the row contract; or rows would be appended (``-o``, or ``overwrite``
            left out) to a file that this would make invalid; or the folder of the file cannot be made.
    """

    def __init__(self, uri: str, *, feed_options: dict[str, Any] | None = None) -> None:
        super().__init__(uri, feed_options=feed_options)
        self._file = Path(self.path)
        self._appends = self.write_mode == "ab"
        options = feed_options or {}
        if options.get("format") in FEED_FORMATS:
            _check_options(self._file, options)
        if self._appends and _holds_something(self._file):
            _check_append(self._file, options.get("format", ""))
        if "%(" not in self.path:  # else it is a pattern, and not yet a file
            _make_folder(self._file)

    def open(self, spider: Spider) -> IO[bytes]:
        """A full disk ends the crawl, now and later: see :meth:`WorkflowsSpider.stop`."""
        if not isinstance(spider, WorkflowsSpider):
            return self._open(spider, None)
        on_full = partial(spider.stop, "disk_full")
        try:
            return self._open(spider, on_full)
        except OSError as error:
            if is_full(error):
                on_full()
            # Scrapy only logs it, and the run would look as if it had written the feed.
            spider.crawler.stats.inc_value(f"feedexport/failed_count/{type(self).__name__}")
            raise

    def _open(self, spider: Spider, on_full: Callable[[], None] | None) -> IO[bytes]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self._file.exists() and not self._file.is_file():
            return super().open(spider)
        file = FeedFile(self._file)
        file.on_full = on_full
        if self._appends and _holds_something(self._file):
            with self._file.open("rb") as former:
                shutil.copyfileobj(former, file)
        return file

    def store(self, file: IO[bytes]) -> None:
        """Raises:
        OSError: why the feed could not be written; the former file is as it was.
        """
        if not isinstance(file, FeedFile):
            file.close()
        elif file.error:
            file.discard()
            raise file.error
        else:
            file.publish_or_discard()


class FeedFile(AsideFile):
    """Writing never raises: the first error is logged and kept for the end, as no later row can mend the file.

    Scrapy would log each row's error, and store what got through.
    """

    error: OSError | None = None
    on_full: Callable[[], None] | None = None
    """Called when there is no space for the feed."""

    def write(self, data: Any, /) -> int:
        if not self.error:
            try:
                return super().write(data)
            except OSError as error:
                self._fail(error)
        return memoryview(data).nbytes

    def publish_or_discard(self) -> None:
        try:
            self.publish()
        except OSError as error:
            self._fail(error)
            self.discard()
            raise

    def _fail(self, error: OSError) -> None:
        self.error = error
        logger.error("Feed %s cannot be written (%s): it keeps its former content.", self.path, error)
        if self.on_full and is_full(error):
            self.on_full()


def _holds_something(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _make_folder(path: Path) -> None:
    """Better told now than after the traffic."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"Feed {path}: its folder cannot be made ({error.strerror}).") from None
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StartError(f"Feed {path}: this user may not write into its folder.")


def _check_options(path: Path, options: dict[str, Any]) -> None:
    encoding, indent, fields = (options.get(name) for name in ("encoding", "indent", "fields"))
    if str(encoding or "utf-8").lower().replace("_", "-") not in {"utf-8", "utf8"}:
        raise StartError(f"Feed {path}: encoding {encoding}: files of this project are UTF-8.")
    if indent:
        raise StartError(f"Feed {path}: indent {indent}: files of this project have one row a line.")
    if isinstance(fields, Mapping):
        raise StartError(f"Feed {path}: fields must be a list of columns, their names are fixed.")
    choose_columns(only=tuple(fields or ()))


def _check_append(path: Path, format_: str) -> None:
    if format_ not in FEED_FORMATS or not load_format(FEED_FORMATS[format_]).is_appendable:
        raise StartError(f"Feed {path}: rows appended to a {format_} file make it invalid; replace the file with -O.")
    with path.open("rb") as file:
        file.seek(-1, 2)
        if file.read() != b"\n":
            raise StartError(f"Feed {path}: its last line is not whole, nothing can be appended; replace it with -O.")
