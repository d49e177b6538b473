"""From options to a running replica, and to its clean end."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.library import Library, listed
from n8n_scraper.replica.options import Options
from n8n_scraper.replica.server import Replica


async def serve(options: Options, *, until_stdin_ends: bool = False) -> None:
    """Serve until SIGINT, SIGTERM or, where asked, the end of standard input."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    replica = Replica(options)
    if until_stdin_ends:
        loop.add_reader(sys.stdin, stopped.set)
    try:
        await replica.start()
        if options.ids is not None:
            _write_ids(replica.library, options.ids)
        print(start_line(replica), flush=True)
        await stopped.wait()
    finally:
        await replica.stop()


def start_line(replica: Replica) -> str:
    return (
        f"Replica with {sum(1 for _ in listed(replica.library))} templates: site {replica.site_url}, "
        f"API {replica.api_url}, YouTube {replica.youtube_url}, images {replica.media_url}; crawl it with "
        f"-s N8N_SCRAPER_SITE_URL={replica.site_url} -s N8N_SCRAPER_API_URL={replica.api_url} "
        f"-s N8N_SCRAPER_YOUTUBE_URL={replica.youtube_url} {replica.library.remark}"
    )


def _write_ids(library: Library, path: Path) -> None:
    try:
        path.write_text("".join(f"{entry.id}\n" for entry in listed(library)), encoding="ascii")
    except OSError as error:
        raise StartError(f"File for ids {path}: {error.strerror}; give a path that can be written.") from None
