"""``scrapy scale``: what the project promises, tried out on a replica and a store of its own."""

from __future__ import annotations

import argparse
import math
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from scrapy.exceptions import UsageError
from scrapy.utils.misc import load_object

from n8n_scraper.command import ProjectCommand
from n8n_scraper.exceptions import StartError
from n8n_scraper.exit_codes import FAULT
from n8n_scraper.project import load_config
from n8n_scraper.replica.options import Latency
from n8n_scraper.scale.conditions import TRUE_RATE

if TYPE_CHECKING:
    from n8n_scraper.scale.scenarios import Scenario


class Command(ProjectCommand):
    requires_project = True

    def syntax(self) -> str:
        return f"[options] {' | '.join(_scenarios())} [FOLDER …]"

    def short_desc(self) -> str:
        return "Try out on a replica and a store of its own what the project promises"

    def long_desc(self) -> str:
        return "; ".join(f"{name}: {scenario.does}" for name, scenario in _scenarios().items())

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        counts = ", ".join(f"{name} {one.workflows}" for name, one in _scenarios().items() if one.workflows)
        add = parser.add_argument_group("Scale").add_argument
        add("--rounds", type=_whole, metavar="N", help="kills: signals (50); speed (1), queries (25): times")
        add("--count", type=_whole, metavar="N", help=f"workflows of the library ({counts})")
        add(
            "--faulty",
            type=partial(_number, least=0, most=1),
            default=0.3,
            metavar="SHARE",
            help="share of them with a fault (0.3)",
        )
        add("--seed", type=int, default=1, metavar="S", help="other faults and moments (1)")
        add(
            "--latency",
            type=_latency,
            metavar="SECONDS",
            help="of the replica's answers, from-to (0.05-0.2; speed, memory: 0)",
        )
        self._add_run_options(add)

    def _add_run_options(self, add: Callable[..., object]) -> None:
        add("--size", type=_whole, default=1000, metavar="N", help="dataset, run: workflows in it, 30 or more (1000)")
        add("--corpus", type=Path, metavar="FILE", help="dataset, run, speed, memory, queries: recorded answers")
        add(
            "--rate",
            type=float,
            default=TRUE_RATE,
            metavar="R",
            help="run, drills, hosts, workers: a second (2)",
        )
        add("--baseline", type=Path, metavar="PATH", help="report, gate: a file or a run's folder; baseline: the file")
        add(
            "--retries",
            type=partial(_whole, least=0),
            default=1,
            metavar="N",
            help="gate: times a disturbed run is tried again (1)",
        )
        add("--users", type=_whole, default=100, metavar="N", help="scrapyd: users at most (100)")
        add("--minutes", type=float, default=10.0, metavar="M", help="scaling soak, scrapyd, captions: minutes (10)")
        add(
            "--clock",
            type=partial(_number, least=1, most=1000),
            default=1.0,
            metavar="N",
            help="run: rates N times higher, waits N times shorter (1)",
        )
        add("--layers", default="1,2,3", metavar="LIST", help="dataset, run: as of a crawl (1,2,3)")
        add("--again", type=Path, metavar="FOLDER", help="run: what failed, was unexpected or slow in that run")
        add("--out", type=Path, metavar="FOLDER", help="written there (dataset; run, queries: exports/scale/…)")

    def check_words(self, args: list[str]) -> None:
        if not args or args[0] not in _scenarios():
            raise UsageError(f"scrapy scale takes one of: {', '.join(_scenarios())}", print_help=False)
        if args[1:] and not _scenarios()[args[0]].takes_folders:
            raise UsageError(f"scrapy scale {args[0]} takes no words; got: {' '.join(args[1:])}", print_help=False)

    def act(self, args: list[str], opts: argparse.Namespace) -> int:
        scenario = _scenarios()[args[0]]
        opts.folders = [Path(word) for word in args[1:]]
        opts.home = Path(load_config(self.settings).export_dir) / "scale"
        opts.count = opts.count or scenario.workflows
        opts.latency = opts.latency or scenario.latency
        try:
            with _ended_in_order(), tempfile.TemporaryDirectory(prefix="n8n_scraper-scale-") as folder:
                Path(folder).chmod(0o711)  # as root the store's server is another user, who must get through
                return 0 if scenario.run(opts, Path(folder)) else FAULT
        except KeyboardInterrupt:
            raise StartError(
                f"scrapy scale {args[0]} was interrupted: no verdict; what it started has ended."
            ) from None


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM is like Ctrl-C: servers, crawls and files of the scenario go with it."""
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _scenarios() -> dict[str, Scenario]:
    """Loaded when they are asked for: Scrapy imports every command at each start of any."""
    return cast("dict[str, Scenario]", load_object("n8n_scraper.scale.scenarios.SCENARIOS"))


def _whole(text: str, least: int = 1) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from {least}")
    return int(text)


def _number(text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text}: a number from {least:g} to {most:g}")
    return number


def _latency(text: str) -> str:
    """For the replica, which is a process of its own."""
    try:
        Latency.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: seconds like 0.3, or from-to like 0.1-0.5") from None
    return text
