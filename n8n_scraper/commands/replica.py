from __future__ import annotations

import argparse
import asyncio

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.options import Options, add_arguments
from n8n_scraper.replica.serving import serve


class Command(ScrapyCommand):
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Serve a stand-in for n8n.io on two loopback ports"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add_arguments(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            raise UsageError(f"unknown argument: {' '.join(args)} (see scrapy replica -h)", print_help=False)
        try:
            asyncio.run(serve(Options.from_namespace(opts)))
        except StartError as error:
            raise UsageError(str(error), print_help=False) from None
