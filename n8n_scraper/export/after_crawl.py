"""The snapshot when a crawl has ended: what can go wrong there, and which close reason then holds."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg2

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.export.aside import is_full
from n8n_scraper.export.selection import Selection
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.store.faults import stop_reason

logger = logging.getLogger(__name__)


def renew_snapshot(config: Config, dsn: str, run_id: str | None = None) -> str | None:
    """Write the snapshot, if anything changed; when that fails the former files stay, and the store has the rows.

    Returns:
        the close reason that holds in place of the crawl's, None when all went well.

    Raises:
        StartError: the folder cannot be written to at all.
    """
    try:
        with _interruptible():
            _write(config, dsn, run_id)
    except KeyboardInterrupt:
        logger.warning("Interrupted: %s keeps its former files; scrapy export renews them.", config.export_dir)
        return "shutdown"
    except OSError as error:
        if not is_full(error):
            raise StartError(
                f"The snapshot cannot be written ({error.strerror}: {error.filename or config.export_dir}); "
                "the store has the rows: scrapy export writes them when that is mended."
            ) from None
        logger.error(
            "No space for the snapshot: %s keeps its former files; free some and run scrapy export.", config.export_dir
        )
        return "disk_full"
    except psycopg2.Error as error:
        logger.error("The store failed under the snapshot: %s keeps its former files.", config.export_dir)
        return stop_reason(error)
    return None


def _write(config: Config, dsn: str, run_id: str | None) -> None:
    snapshot = write_snapshot(
        dsn,
        Path(config.export_dir),
        selection=Selection(include_paid=config.export_paid),
        csv_defuse=config.csv_defuse_formulas,
        run_id=run_id,
    )
    done = "written to" if snapshot.is_new else "unchanged in"
    logger.info("Snapshot of %d rows %s %s", snapshot.manifest.rows, done, config.export_dir)


@contextmanager
def _interruptible() -> Iterator[None]:
    """A signal ends the export. (What a crawl leaves behind are handlers that stop its reactor, and that has ended.)"""
    former = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
