"""Options of a replica: one table for ``scrapy replica``, ``python -m n8n_scraper.replica`` and tests."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.seeds import seeded

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Latency:
    """Seconds an answer takes, evenly spread from ``low`` to ``high``."""

    low: float = 0.0
    high: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Latency:
        """``0.3`` or ``0.1-0.5``; ValueError for anything else."""
        low, _, high = text.partition("-")
        latency = cls(float(low), float(high or low))
        if not 0 <= latency.low <= latency.high < math.inf:
            raise ValueError(text)
        return latency


@dataclass(frozen=True, kw_only=True)
class Options:
    count: int | None = None
    seed: int = 1
    corpus: Path | None = None
    traps: float = 0.5
    hostile: bool = False
    paid: float = 0.06
    icons: int = 1800
    images: str = "example"
    bind: str = ADDRESS
    site_port: int = 0
    api_port: int = 0
    youtube_port: int = 0
    media_port: int = 0
    latency: Latency = Latency()
    access_log: Path | None = None
    api_robots: str = "open"
    bare_id: str = "redirect"
    pages: str = "static"
    ids: Path | None = None
    faults: Path | None = None

    def __post_init__(self) -> None:
        if self.bind != ADDRESS:
            raise StartError(f"A replica listens on {ADDRESS} only, not on {self.bind}: it is no public server.")

    @classmethod
    def from_namespace(cls, namespace: argparse.Namespace) -> Options:
        return cls(**{field.name: getattr(namespace, field.name) for field in fields(cls)})

    def random_latency(self) -> Callable[[], float]:
        """A source of seconds to wait, seeded."""
        rng = seeded(self.seed, "latency")
        return lambda: rng.uniform(self.latency.low, self.latency.high)


def _checked(parse: Callable[[str], Any], allowed: str) -> Callable[[str], Any]:
    def checked(text: str) -> Any:
        try:
            return parse(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r}: must be {allowed}") from None

    return checked


def _between(number: Callable[[str], float], low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if not low <= (value := number(text)) <= high:
            raise ValueError(text)
        return value

    return parse


def _whole(low: int, high: int) -> Callable[[str], Any]:
    return _checked(_between(int, low, high), f"a whole number from {low} to {high}")


_share = _checked(_between(float, 0, 1), "a share from 0 to 1")
_latency = _checked(Latency.parse, "seconds like 0.3, or from-to like 0.1-0.5")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    library = parser.add_argument_group("Library")
    defaults = Options()
    library.add_argument(
        "--count",
        type=_whole(0, 10_000_000),
        metavar="N",
        help="listed templates to make (100), or rows of the corpus to serve (all)",
    )
    library.add_argument("--seed", type=int, metavar="S", help="another seed makes another library (1)")
    library.add_argument(
        "--corpus", type=Path, metavar="FILE", help="recorded answers or our own export: .jsonl[.zst|.gz]"
    )
    library.add_argument("--traps", type=_share, metavar="SHARE", help="share of templates with something odd (0.5)")
    library.add_argument(
        "--hostile", action="store_true", help="also what no real template has: NUL, NaN, deep nesting …"
    )
    library.add_argument("--paid", type=_share, metavar="SHARE", help="share of templates with a price (0.06)")
    library.add_argument(
        "--icons", type=_whole(0, 1_000_000), metavar="BYTES", help="mean size of an icon in nodes[] (1800)"
    )
    library.add_argument("--images", choices=("example", "self"), help="where pictures lie: images.example.com or here")
    library.add_argument("--ids", type=Path, metavar="FILE", help="write the listed ids there, one a line")
    server = parser.add_argument_group("Server")
    server.add_argument("--bind", metavar="ADDRESS", help=f"{ADDRESS}; any other is refused")
    server.add_argument("--site-port", type=_whole(0, 65535), metavar="P", help="0 = a free one")
    server.add_argument("--api-port", type=_whole(0, 65535), metavar="P", help="0 = a free one")
    server.add_argument("--youtube-port", type=_whole(0, 65535), metavar="P", help="0 = a free one")
    server.add_argument("--media-port", type=_whole(0, 65535), metavar="P", help="0 = a free one")
    server.add_argument("--latency", type=_latency, metavar="SECONDS", help="0.3, or from-to like 0.1-0.5")
    server.add_argument("--access-log", type=Path, metavar="FILE", help="one JSON object a request, appended")
    server.add_argument("--api-robots", choices=("open", "closed"), help="closed = the API host disallows everything")
    server.add_argument("--bare-id", choices=("redirect", "404", "page"), help="what /workflows/<id> without slug does")
    server.add_argument(
        "--pages",
        choices=("static", "inline", "xhr"),
        help="inline, xhr = built by a script, from JSON in them or asked for",
    )
    server.add_argument("--faults", type=Path, metavar="FILE", help="fault plan, JSON; PUT /__faults changes it later")
    parser.set_defaults(**{field.name: getattr(defaults, field.name) for field in fields(defaults)})
