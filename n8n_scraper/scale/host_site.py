"""``python -m n8n_scraper.scale.host_site ADDRESS COUNT LOG``: a replica on a host of a drill, see hosts.py.

A replica answers on loopback only; here its host is a network namespace that leads nowhere but to the drill's others.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

from n8n_scraper.replica.options import Latency, Options
from n8n_scraper.replica.serving import serve


@dataclass(frozen=True, kw_only=True)
class HostOptions(Options):
    def __post_init__(self) -> None:
        """Any address: who starts this has seen to it that nobody else reaches it."""


if __name__ == "__main__":
    address, count, log = sys.argv[1:]
    options = HostOptions(bind=address, count=int(count), icons=0, latency=Latency(0.02, 0.05), access_log=Path(log))
    asyncio.run(serve(options, until_stdin_ends=True))
