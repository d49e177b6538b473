"""``python -m n8n_scraper.replica``: the replica without Scrapy."""

from __future__ import annotations

import argparse
import asyncio
import sys

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.options import Options, add_arguments
from n8n_scraper.replica.serving import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m n8n_scraper.replica", description="A stand-in for n8n.io.")
    add_arguments(parser)
    parser.add_argument("--until-stdin-ends", action="store_true", help="stop when standard input ends")
    namespace = parser.parse_args()
    try:
        options = Options.from_namespace(namespace)
        asyncio.run(serve(options, until_stdin_ends=namespace.until_stdin_ends))
    except StartError as error:
        sys.exit(f"replica: {error}")


if __name__ == "__main__":
    main()
