"""``scrapy forget``: take workflows down, out of the store and its exports, and never ask for them again."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

from psycopg2.extensions import connection as Connection
from scrapy.exceptions import UsageError

from n8n_scraper.command import ProjectCommand
from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.exit_codes import FAULT, exit_code
from n8n_scraper.export import manifest
from n8n_scraper.export.after_crawl import renew_snapshot
from n8n_scraper.export.take_down import TakenDown, remove_images, take_down
from n8n_scraper.printable import printable
from n8n_scraper.project import load_config
from n8n_scraper.report.renew import renew_reports
from n8n_scraper.site.addresses import MAX_ID, Site
from n8n_scraper.store import forgotten
from n8n_scraper.store.database import connect, open_database

OUT_OF_REACH = (
    "Out of reach: backups (scrapy db backup), exports in other folders (--in DIR takes them out there), and copies "
    "that were passed on."
)


class Command(ProjectCommand):
    requires_project = True

    def syntax(self) -> str:
        return "[options] ID …"

    def short_desc(self) -> str:
        return "Take workflows down: out of the store and its exports, and never asked for again"

    def long_desc(self) -> str:
        return (
            "ID is the number or the address of a workflow, stored or not. Row, stored answer, former versions, "
            "images and exports are removed for good; what stays is the number, the time and the reason. "
            f"{OUT_OF_REACH}"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        group = parser.add_argument_group("Forget")
        group.add_argument("--reason", metavar="TEXT", help="why, to be read in the list")
        group.add_argument("--yes", action="store_true", help="do not ask")
        group.add_argument("--in", dest="folders", action="append", default=[], metavar="DIR", help="exports there too")
        group.add_argument("--list", action="store_true", help="what was taken down, when and why")

    def check_words(self, args: list[str]) -> None:
        """With --list there are none."""

    def act(self, args: list[str], opts: argparse.Namespace) -> int:
        if bool(args) == opts.list:
            raise UsageError("scrapy forget takes ids, or --list", print_help=False)
        config = load_config(self.settings)
        ids = _ids(args, config)
        folders = _folders(opts.folders, config)
        with open_database(config, check_site=False) as dsn, closing(connect(dsn)) as connection:
            if opts.list:
                return _list(connection)
            if not opts.yes and not _confirmed(connection, ids):
                print("Nothing was taken down.")
                return FAULT
            done = TakenDown()
            print(_forget(connection, ids, opts.reason, Path(config.data_dir), done))
            return _take_down(config, dsn, frozenset(ids), folders, done)


def _ids(words: Sequence[str], config: Config) -> list[int]:
    site = Site(config.site_url, config.api_url)
    refs = {word: site.read(word) for given in words for word in given.split(",") if word.strip()}
    for word, ref in refs.items():
        if ref is None:
            raise StartError(
                f"{printable(word, 80)!r} is neither a workflow id (1 to {MAX_ID}) nor an address of {config.site_url}:"
                " nothing was taken down."
            )
    return sorted({ref.id for ref in refs.values() if ref})


def _folders(given: Sequence[str], config: Config) -> list[Path]:
    for folder in given:
        if not os.access(folder, os.F_OK) or not Path(folder).is_dir():  # hidden from this user is as good as not there
            raise StartError(f"--in {folder}: there is no such folder; nothing was taken down.")
    return [Path(config.export_dir), *map(Path, given)]


def _list(connection: Connection) -> int:
    with connection, connection.cursor() as cursor:
        entries = forgotten.read_forgotten(cursor)
    for entry in entries:
        print(f"{entry.id}  {entry.forgotten_at:%Y-%m-%d %H:%M}  {printable(entry.reason or 'no reason given')}")
    if not entries:
        print("Nothing was ever taken down.")
    return 0


def _confirmed(connection: Connection, ids: Sequence[int]) -> bool:
    if not sys.stdin.isatty():
        raise StartError("There is no terminal to ask on: give --yes to take these workflows down for good.")
    with connection, connection.cursor() as cursor:
        names = forgotten.names_of(cursor, ids)
    for id in ids:
        print(f"{id}  {printable(names[id] or 'without a name') if id in names else 'not in the store'}")
    answer = input(f"Remove {'them' if len(ids) > 1 else 'it'} from the store and all exports for good? [y/N] ")
    return answer.strip().lower() in {"y", "yes"}


def _forget(connection: Connection, ids: Sequence[int], reason: str | None, data_dir: Path, done: TakenDown) -> str:
    with connection, connection.cursor() as cursor:
        unknown = sorted(set(ids) - forgotten.names_of(cursor, ids).keys())
        removed = forgotten.forget(cursor, ids, reason, datetime.now(timezone.utc))
        # Before the commit: a kill in between leaves no file that nothing knows of; a missing one is downloaded again.
        done.failed += remove_images(data_dir, removed.images)
    return (
        f"{len(ids)} taken down. Out of the store: {removed.rows} rows with their stored answers, {removed.versions} "
        f"former versions, {removed.observations} observations of views and price, {len(removed.images)} images."
        + (f" Without a row, and not asked for either: {', '.join(map(str, unknown))}." if unknown else "")
    )


def _take_down(config: Config, dsn: str, ids: frozenset[int], folders: Sequence[Path], done: TakenDown) -> int:
    for number, folder in enumerate(folders):
        part = take_down(folder, ids, snapshot_too=number > 0)
        done.changed += part.changed
        done.failed += part.failed
    try:
        with closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
            done.changed += renew_reports(cursor, Path(config.export_dir), ids)
    except OSError as error:
        done.failed.append(f"{error.filename or config.export_dir}: {error.strerror}")
    code = 0
    if (Path(config.export_dir) / manifest.FILE_NAME).exists():
        code = exit_code(renew_snapshot(config, dsn) or "finished")
    print(f"Out of the exports: {len(done.changed)} files besides the snapshot in {config.export_dir}.")
    for sentence in done.failed:
        print(f"Not out of {sentence}. Give the command again when that is mended.", file=sys.stderr)
    print(OUT_OF_REACH)
    return FAULT if done.failed else code
