"""``scrapy export``: the store as JSON, JSONL, CSV and Parquet, whole or in part, and the check of such files."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from n8n_scraper.command import ProjectCommand
from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.exit_codes import FAULT
from n8n_scraper.export import videos
from n8n_scraper.export.check import check_folder
from n8n_scraper.export.format_names import FORMATS
from n8n_scraper.export.n8n_folder import write_n8n_folder
from n8n_scraper.export.selection import (
    Selection,
    choose_columns,
    choose_statuses,
    no_row_has,
    read_moment,
    read_quality,
    unknown,
    with_last_parts,
)
from n8n_scraper.export.snapshot import Snapshot, write_snapshot
from n8n_scraper.export.store_rows import reading
from n8n_scraper.project import load_config
from n8n_scraper.store.database import open_database

SECONDS_BETWEEN_LINES = 5.0
_LIST: dict[str, Any] = {"action": "append", "default": []}


class Command(ProjectCommand):
    requires_project = True

    def syntax(self) -> str:
        return "[options] | --as n8n [DIR] [filters]"

    def short_desc(self) -> str:
        return "Write the store as JSON, JSONL, CSV and Parquet, or check such files"

    def long_desc(self) -> str:
        return (
            "Without options: the snapshot of the whole store in all four formats, skipped when nothing changed. "
            "Filters combine; a part of the store goes to a folder of its own and never replaces the snapshot. "
            "Options that take a list may be repeated, or take values with commas between them. With --as n8n: one "
            "file a template, as n8n imports it, in DIR (else in the folder n8n of N8N_SCRAPER_EXPORT_DIR)."
        )

    # Scrapy's formatter takes a line of help that ends in a colon for a heading, wherever the line was broken.
    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument_group("Export").add_argument
        add("--format", **_LIST, metavar="FORMAT", help=f"{', '.join(FORMATS)} (without it, all)")
        add("--status", **_LIST, metavar="STATUS", help="crawl_status, of complete, partial, gone, failed")
        add("--category", **_LIST, metavar="NAME", help="in any of these categories")
        add("--node-type", **_LIST, metavar="TYPE", help="with any of these nodes, like n8n-nodes-base.slack or slack")
        add("--min-quality", metavar="SCORE", help="quality_score of at least this, 0 to 100")
        add("--free", action="store_true", help="known to be free")
        add(
            "--changed-since",
            metavar="WHEN",
            help="changed or gone since a date, a date and time (UTC), or 12h, 7d, 2w",
        )
        add("--columns", **_LIST, metavar="NAME", help="only these columns, and id")
        add("--without", **_LIST, metavar="NAME", help="all columns but these")
        add("--include-paid", action="store_true", help="the JSON of paid workflows too (N8N_SCRAPER_EXPORT_PAID)")
        add("--as", dest="kind", choices=["n8n"], help="one workflow file a template that n8n imports, and an index")
        add(
            "--videos",
            action="store_true",
            help="one row a video with its transcript (jsonl, parquet), else in the folder videos",
        )
        add("--check", action="store_true", help="re-read the files and compare them; alone, it writes nothing")
        add("-o", "--output", metavar="DIR", help="folder to write to or to check (without it, N8N_SCRAPER_EXPORT_DIR)")

    def check_words(self, args: list[str]) -> None:
        """--as n8n takes a folder."""

    def act(self, args: list[str], opts: argparse.Namespace) -> int:
        if len(args) > (opts.kind is not None):
            super().check_words(args)
        config = load_config(self.settings or {})
        now = datetime.now(timezone.utc)
        try:
            if opts.videos:
                return _write_videos(config, opts, now)
            return _write_n8n(config, args, opts, now) if opts.kind else _run(config, opts, now)
        except KeyboardInterrupt:
            raise StartError("Interrupted. The former files are as they were.") from None
        except BrokenPipeError:  # who reads our lines left, and no file is to blame
            raise
        except OSError as error:
            place = error.filename or opts.output or config.export_dir
            raise StartError(f"{place}: {error.strerror}. The former files are as they were.") from None


def _run(config: Config, opts: argparse.Namespace, now: datetime) -> int:
    selection = _selection(opts, config, now)
    folder = _folder(opts, config, selection, now)
    if not opts.check or _chooses(opts):
        _export(config, folder, selection, _formats(opts.format))
    return _check(folder) if opts.check else 0


def _write_n8n(config: Config, args: list[str], opts: argparse.Namespace, now: datetime) -> int:
    if opts.check or opts.format or opts.columns or opts.without or opts.output:
        raise StartError("--as n8n takes a folder and filters, no --check, --format, --columns, --without or -o.")
    folder = Path(args[0]) if args else Path(config.export_dir) / "n8n"
    with open_database(config, check_site=False) as dsn:
        selection = _selection(opts, config, now)
        written = write_n8n_folder(dsn, folder, selection, _teller(time.monotonic))
        print(f"{folder}: {written.sentence()}")
        _tell_what_no_row_has(dsn, selection, written.files)
    return 0


def _write_videos(config: Config, opts: argparse.Namespace, now: datetime) -> int:
    if opts.check or opts.columns or opts.without or opts.include_paid or opts.kind:
        raise StartError("--videos takes filters, --format and -o, no --check, --columns, --without, --as.")
    formats = _words("--format", opts.format) or videos.FORMATS
    if bad := next((name for name in formats if name not in videos.FORMATS), None):
        raise StartError(unknown("format of videos", bad, videos.FORMATS))
    folder = Path(opts.output) if opts.output else Path(config.export_dir) / videos.NAME
    with open_database(config, check_site=False) as dsn:
        selection = _selection(opts, config, now)
        rows = videos.write_videos(dsn, folder, formats, selection, csv_defuse=config.csv_defuse_formulas)
        print(f"{rows:,} videos written to {folder}: {', '.join(f'{videos.NAME}.{name}' for name in formats)}.")
        _tell_what_no_row_has(dsn, selection, rows)
    return 0


def _check(folder: Path) -> int:
    if not folder.is_dir():
        raise StartError(f"There is no folder {folder}: scrapy export writes one.")
    difference_count = 0
    for difference in check_folder(folder):
        difference_count += 1
        print(difference)
    print(f"{folder}: {'differences found' if difference_count else 'all files are whole and equal row by row'}.")
    return FAULT if difference_count else 0


def _words(option: str, values: Sequence[str]) -> tuple[str, ...]:
    words = [[word.strip() for word in value.split(",") if word.strip()] for value in values]
    if not all(words):
        raise StartError(f"{option} was given without a value: leave it out, or say which.")
    return tuple(word for given in words for word in given)


def _formats(values: Sequence[str]) -> tuple[str, ...]:
    for name in (names := _words("--format", values)):
        if name not in FORMATS:
            raise StartError(unknown("format", name, FORMATS))
    return names or tuple(FORMATS)


def _selection(opts: argparse.Namespace, config: Config, now: datetime) -> Selection:
    return Selection(
        columns=choose_columns(_words("--columns", opts.columns), _words("--without", opts.without)),
        statuses=choose_statuses(_words("--status", opts.status)),
        categories=_words("--category", opts.category),
        node_types=_words("--node-type", opts.node_type),
        min_quality=None if opts.min_quality is None else read_quality(opts.min_quality),
        free=opts.free,
        changed_since=None if opts.changed_since is None else read_moment(opts.changed_since, now),
        include_paid=opts.include_paid or config.export_paid,
    )


def _chooses(opts: argparse.Namespace) -> bool:
    """Whether an option says what to write."""
    lists = (opts.format, opts.status, opts.category, opts.node_type, opts.columns, opts.without)
    return any(lists) or opts.free or opts.include_paid or (opts.min_quality, opts.changed_since) != (None, None)


def _folder(opts: argparse.Namespace, config: Config, selection: Selection, now: datetime) -> Path:
    home = Path(config.export_dir)
    is_snapshot = selection.is_everything and selection.include_paid == config.export_paid
    if not opts.output:
        return home if is_snapshot else home / "filtered" / f"{now:%Y%m%dT%H%M%SZ}"
    folder = Path(opts.output).resolve()
    if folder.exists() and not folder.is_dir():
        raise StartError(f"-o {opts.output}: this is no folder.")
    if folder == home.resolve() and not is_snapshot:
        raise StartError(f"-o {opts.output}: the snapshot lives there, and a part must not replace it: choose another.")
    return folder


def _export(config: Config, folder: Path, selection: Selection, formats: Sequence[str]) -> None:
    started = time.monotonic()
    with open_database(config, check_site=False) as dsn:
        snapshot = write_snapshot(
            dsn,
            folder,
            selection=selection,
            formats=formats,
            csv_defuse=config.csv_defuse_formulas,
            progress=_teller(time.monotonic),
        )
        _tell(snapshot, folder, formats, time.monotonic() - started)
        _tell_what_no_row_has(dsn, selection, snapshot.manifest.rows)


def _tell(snapshot: Snapshot, folder: Path, formats: Sequence[str], seconds: float) -> None:
    manifest = snapshot.manifest
    names = ", ".join(manifest.files)
    if not snapshot.is_new:
        print(f"Nothing changed since {manifest.created_at}: {folder} has all {manifest.rows:,} rows in {names}.")
        return
    print(f"{manifest.rows:,} rows written to {folder} in {seconds:.1f} s: {names}.")
    unasked = [name for name in manifest.files if Path(name).suffix[1:] not in formats]
    if unasked:
        print(f"{', '.join(unasked)} had been there before: the files of a folder are renewed together.")


def _tell_what_no_row_has(dsn: str, selection: Selection, rows: int) -> None:
    """A misspelt filter is no error, as the store may have such rows tomorrow; but it is told."""
    if not selection.categories and not selection.node_types:
        return
    with reading(dsn) as store:
        sentences = [
            *no_row_has("category", selection.categories, store.values("categories")),
            *no_row_has("node type", selection.node_types, with_last_parts(store.values("node_types"))),
        ]
    for sentence in sentences:
        print(f"{rows:,} rows: {sentence}", file=sys.stderr)


def _teller(clock: Callable[[], float]) -> Callable[[int, int], None]:
    """Says on stderr every few seconds how far the export is."""
    told_at = clock()

    def tell(rows: int, of: int) -> None:
        nonlocal told_at
        if clock() - told_at >= SECONDS_BETWEEN_LINES:
            told_at = clock()
            print(f"{rows:,} of {of:,} rows …", file=sys.stderr)

    return tell
