from __future__ import annotations

import argparse
import asyncio

from n8n_scraper.command import ProjectCommand
from n8n_scraper.replica.options import Options, add_arguments


class Command(ProjectCommand):
    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Serve a stand-in for n8n.io on two loopback ports"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add_arguments(parser)

    def act(self, args: list[str], opts: argparse.Namespace) -> None:
        # Scrapy imports every command at each start, and a server is a fifth of what a crawl would import.
        from n8n_scraper.replica.serving import serve  # noqa: PLC0415 - see above

        asyncio.run(serve(Options.from_namespace(opts)))
