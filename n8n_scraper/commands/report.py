"""``scrapy report``: what a run did, as HTML, Markdown and JSON; two runs compared; ids to ask for again."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

from psycopg2.extensions import cursor as Cursor
from scrapy.exceptions import UsageError

from n8n_scraper.command import ProjectCommand
from n8n_scraper.exceptions import StartError
from n8n_scraper.project import load_config
from n8n_scraper.report.compare import compare
from n8n_scraper.report.document import Document
from n8n_scraper.report.id_lists import check_lists, choose_ids
from n8n_scraper.report.run_data import RunData
from n8n_scraper.report.run_report import run_report
from n8n_scraper.report.write import write_report
from n8n_scraper.run_id import run_folder
from n8n_scraper.store import runs
from n8n_scraper.store.database import connect, existing_store, open_database


class Command(ProjectCommand):
    requires_project = True

    def syntax(self) -> str:
        return "[options] [RUN]"

    def short_desc(self) -> str:
        return "Report on a run, or compare two, as HTML, Markdown and JSON"

    def long_desc(self) -> str:
        return "RUN is a run's name or its beginning; without it, the last run."

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument_group("Report").add_argument
        add("--compare", nargs=2, metavar=("RUN1", "RUN2"), help="how RUN2 differs from RUN1")
        add("--ids", metavar="LISTS", help="print ids for -a ids= and write nothing, like failed,slow")
        add("-o", "--output", metavar="DIR", help="folder to write to (without it, that of the run)")

    def check_words(self, args: list[str]) -> None:
        if len(args) > 1:
            raise UsageError(f"scrapy report takes one run; got: {' '.join(args)}", print_help=False)

    def act(self, args: list[str], opts: argparse.Namespace) -> None:
        if opts.compare and (args or opts.ids):
            raise UsageError("--compare takes two runs, and neither a third nor --ids", print_help=False)
        lists = None if opts.ids is None else _read_lists(opts.ids)
        folder = Path(opts.output) if opts.output else None
        found = self._read(opts.compare or args or [""])
        if lists is not None:
            _print_ids(found[0], lists)
        elif opts.compare:
            if found[0].run_id == found[1].run_id:
                raise StartError(f"--compare: both are run {found[0].run_id}; give two.")
            self._write(compare(*found), found[1], f"compare-{found[0].run_id}", folder)
        else:
            self._write(run_report(found[0]), found[0], "report", folder)

    def _read(self, names: list[str]) -> list[RunData]:
        config = load_config(self.settings)
        with (
            existing_store(config),
            open_database(config, check_site=False) as dsn,
            closing(connect(dsn)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            return [_read_run(cursor, runs.resolve(cursor, name)) for name in names]

    def _write(self, document: Document, run: RunData, name: str, given: Path | None) -> None:
        folder = given or run_folder(Path(load_config(self.settings).export_dir), run.run_id)
        try:
            paths = write_report(document, folder, name)
        except FileExistsError:
            raise StartError(f"-o {folder}: it is a file; give a folder, which need not exist yet.") from None
        except OSError as error:
            raise StartError(f"{error.filename or folder}: {error.strerror}; give another folder with -o.") from None
        print(f"{document.title}: {document.verdict}", *paths, sep="\n")


def _read_run(cursor: Cursor, run_id: str) -> RunData:
    run = runs.read(cursor, run_id)
    assert run is not None
    return run


def _read_lists(words: str) -> list[str]:
    names = [word.strip() for word in words.split(",") if word.strip()]
    if not names:
        raise StartError("--ids was given without a list, like failed,slow.")
    check_lists(names)
    return names


def _print_ids(run: RunData, names: list[str]) -> None:
    ids = choose_ids(run, names)
    if not ids:
        raise StartError(f"Run {run.run_id} has none of: {', '.join(names)}.")
    print(",".join(map(str, ids)))
    print(f"{len(ids)} of {len(run.visits or ())} workflows of run {run.run_id}", file=sys.stderr)
