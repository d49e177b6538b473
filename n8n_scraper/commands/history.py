"""``scrapy history``: what a workflow was before, and how its views and its price went."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import Any

import orjson
from psycopg2.extensions import cursor as Cursor
from scrapy.exceptions import UsageError

from n8n_scraper.command import ProjectCommand
from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.export.json_text import encode_json
from n8n_scraper.past import Past, as_json, as_text
from n8n_scraper.project import load_config
from n8n_scraper.site.addresses import MAX_ID, Site
from n8n_scraper.store import history
from n8n_scraper.store.database import connect, existing_store
from n8n_scraper.store.migrations import migrate


class Command(ProjectCommand):
    requires_project = True

    def syntax(self) -> str:
        return "[options] ID"

    def short_desc(self) -> str:
        return "Tell how a workflow, its views and its price changed"

    def long_desc(self) -> str:
        return "ID is the number or the address of a workflow. Nothing is asked of the site."

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        group = parser.add_argument_group("History")
        group.add_argument("--json", action="store_true", help="all of it as JSON")
        group.add_argument("--version", metavar="N", help="the workflow JSON of that version")

    def check_words(self, args: list[str]) -> None:
        if len(args) != 1:
            raise UsageError("scrapy history takes one workflow: its id or its address", print_help=False)

    def act(self, args: list[str], opts: argparse.Namespace) -> None:
        config = load_config(self.settings)
        id = read_id(args[0], config)
        with existing_store(config) as dsn, closing(connect(dsn)) as connection:
            migrate(connection)
            with connection, connection.cursor() as cursor:
                past = history.read_past(cursor, id)
                if past is None:
                    raise StartError(f"The store has no workflow {id}.")
                print(_told(cursor, past, config, opts))


def _told(cursor: Cursor, past: Past, config: Config, opts: argparse.Namespace) -> str:
    if opts.version is not None:
        return _workflow(cursor, past, _number(opts.version, past), config)
    if opts.json:
        return orjson.dumps(as_json(past), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()
    return as_text(past)


def read_id(word: str, config: Config) -> int:
    """The id that a word names.

    Raises:
        StartError: it names none.
    """
    ref = Site(config.site_url, config.api_url).read(word)
    if ref is None:
        raise StartError(f"{word[:80]!r} is neither a workflow id (1 to {MAX_ID}) nor an address of {config.site_url}.")
    return ref.id


def _number(text: str, past: Past) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= len(past.versions):
        raise StartError(f"--version {text}: workflow {past.row['id']} has {_numbers(len(past.versions))}.")
    return int(text[:9])


def _numbers(count: int) -> str:
    return f"versions 1 to {count}" if count > 1 else "version 1 only" if count else "no version: it never had content"


def _workflow(cursor: Cursor, past: Past, version: int, config: Config) -> str:
    id = past.row["id"]
    if past.row["is_paid"] is not False and not config.export_paid:
        raise StartError(
            f"Workflow {id} is not known to be free: its JSON is told with N8N_SCRAPER_EXPORT_PAID=True only."
        )
    content = history.read_content(cursor, id, version)
    workflow: Any = content.workflow if content else None
    if workflow is None:
        raise StartError(f"The JSON of version {version} of workflow {id} is not in the store.")
    return encode_json(workflow)
