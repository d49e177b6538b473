"""``scrapy work``: shards of a crawl on a queue in the store, and workers on any machine that reaches it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import orjson
from psycopg2.extensions import connection as Connection
from scrapy.exceptions import UsageError
from scrapy.utils.conf import arglist_to_dict

from n8n_scraper.arguments import Arguments
from n8n_scraper.command import ProjectCommand
from n8n_scraper.config import SECRET_SETTINGS, Config
from n8n_scraper.exceptions import StartError, StoreUnavailable
from n8n_scraper.exit_codes import exit_code
from n8n_scraper.project import load_config
from n8n_scraper.site.addresses import Site
from n8n_scraper.store.database import connect, existing_store, open_database, reconnect
from n8n_scraper.store.migrations import migrate
from n8n_scraper.store.thread import StoreThread
from n8n_scraper.work import tasks
from n8n_scraper.work.repeats import same_unfinished
from n8n_scraper.work.status import lines, read_work
from n8n_scraper.work.tasks import Batch
from n8n_scraper.work.workers import Undone, count_undone, read_now

SHORTEST_LEASE = 3.0


class Command(ProjectCommand):
    requires_project = True

    def syntax(self) -> str:
        return "[options] " + " | ".join(f"{name} {action.operand}".strip() for name, action in ACTIONS.items())

    def short_desc(self) -> str:
        return "Share a crawl among workers on any number of machines"

    def long_desc(self) -> str:
        return "; ".join(f"{name}: {action.does}" for name, action in ACTIONS.items())

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument_group("Work").add_argument
        add("-a", dest="arguments", action="append", default=[], metavar="NAME=VALUE", help="arguments of the crawl")
        add("--shard", type=int, default=100, metavar="N", help="enqueue: ids of a task (%(default)s)")
        add("--export", action="store_true", help="enqueue: export when the last task has ended")
        add("--concurrency", type=int, default=1, metavar="N", help="run: tasks at once (%(default)s)")
        add("--queue", choices=("crawl", "export"), help="run: only tasks of this kind")
        add("--lease", type=float, default=30.0, metavar="S", help="run: silence that is taken for death (%(default)s)")
        add("--every", metavar="CRON", help="run: also enqueue a crawl with these arguments at these times (UTC)")
        add("--until-done", action="store_true", help="run: end when nothing is left on the queue")
        add("--json", action="store_true", help="status: for programs")
        self._default = parser.get_default

    def check_words(self, args: list[str]) -> None:
        if not args or args[0] not in ACTIONS:
            raise UsageError(f"scrapy work takes one of: {', '.join(ACTIONS)}", print_help=False)
        operand = ACTIONS[args[0]].operand
        if args[1:] not in ([], [operand.strip("[]")]):
            takes = f"no word but {operand}" if operand else "no words"
            raise UsageError(f"scrapy work {args[0]} takes {takes}; got: {' '.join(args[1:])}", print_help=False)

    def act(self, args: list[str], opts: argparse.Namespace) -> int | None:
        assert self.settings is not None
        _refuse_options_of_others(args, opts, self._default)
        return ACTIONS[args[0]].run(load_config(self.settings), self.settings, opts, args[1:])


# A string: to Python 3.10 a bare alias looks like a class, and Scrapy asks every class here whether it is a command.
Run: TypeAlias = "Callable[[Config, Any, argparse.Namespace, list[str]], int | None]"


class Action(NamedTuple):
    run: Run
    operand: str
    does: str
    options: tuple[str, ...] = ()


_OF_A_BATCH = ("arguments", "shard", "export")
_OF_A_WORKER = ("concurrency", "queue", "lease", "every", "until_done")
_OPTIONS = (*_OF_A_BATCH, *_OF_A_WORKER, "json")


def _refuse_options_of_others(args: list[str], opts: argparse.Namespace, default: Callable[[str], Any]) -> None:
    """What an option says is never swallowed.

    Raises:
        StartError: naming one that this action does not take.
    """
    taken = ACTIONS[args[0]].options
    if args[0] == "run" and opts.every:
        taken += _OF_A_BATCH
    if args == ["enqueue", "export"]:
        taken = ()
    for name in _OPTIONS:
        if name not in taken and getattr(opts, name) != default(name):
            option = "-a" if name == "arguments" else f"--{name.replace('_', '-')}"
            hint = " without --every" if args[0] == "run" and name in _OF_A_BATCH else ""
            raise StartError(f"scrapy work {' '.join(args)} takes no {option}{hint}: see scrapy work --help.")


def _enqueue(config: Config, _settings: Any, opts: argparse.Namespace, words: list[str]) -> None:
    batch = _batch(config, opts)._replace(only_export=words == ["export"])
    with _queue(config) as (_dsn, connection), connection, connection.cursor() as cursor:
        if same := same_unfinished(cursor, batch):
            raise StartError(
                f"Batch {same} has the same work and is not finished: scrapy work run goes on with it,"
                " scrapy work status tells how far it is."
            )
        number = tasks.add_batch(cursor, batch)
    print(f"Batch {number} is on the queue: scrapy work run works on it, scrapy work status tells how far it is.")


def _batch(config: Config, opts: argparse.Namespace) -> Batch:
    """Checked as the crawl will check it."""
    given = _read_arguments(opts.arguments)
    arguments = Arguments.read(given, Site(config.site_url, config.api_url))
    if arguments.dry_run or arguments.task is not None:
        raise StartError("scrapy work takes the arguments of a crawl, but neither dry_run nor those of a worker.")
    if opts.shard < 1:
        raise StartError(f"--shard {opts.shard}: must be a whole number above 0.")
    ids = None if arguments.ids is None else [ref.id for ref in arguments.ids]
    return Batch({name: value for name, value in given.items() if name != "ids"}, ids, opts.shard, opts.export)


def _read_arguments(given: list[str]) -> dict[str, str]:
    try:
        return dict(arglist_to_dict(given))
    except ValueError:
        raise UsageError("Invalid -a value, use -a NAME=VALUE", print_help=False) from None


def _run(config: Config, settings: Any, opts: argparse.Namespace, _words: list[str]) -> int:
    if opts.concurrency < 1 or opts.lease < SHORTEST_LEASE:
        raise StartError(f"--concurrency must be above 0, and --lease at least {SHORTEST_LEASE:g} seconds.")
    with _queue(config) as (dsn, connection):
        connection.close()
        store = StoreThread(partial(reconnect, config, dsn), patience=config.store_patience)
        try:
            return asyncio.run(_serve(config, dsn, store, settings, opts))
        finally:
            store.close()


async def _serve(config: Config, dsn: str, store: StoreThread, settings: Any, opts: argparse.Namespace) -> int:
    from croniter import croniter  # noqa: PLC0415 - what follows needs the extra

    from n8n_scraper.work.children import Children  # noqa: PLC0415 - the same extra
    from n8n_scraper.work.engine import Schedule  # noqa: PLC0415 - the same extra
    from n8n_scraper.work.worker import Service, Terms  # noqa: PLC0415 - the same extra

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("n8n_scraper").setLevel(logging.INFO)
    given = {name: str(settings.get(name)) for name in settings if settings.getpriority(name) == 40}  # with -s
    secrets = {name: value for name, value in given.items() if name in SECRET_SETTINGS}
    children = Children({name: value for name, value in given.items() if name not in secrets}, secrets)
    if opts.every and not croniter.is_valid(opts.every):
        raise StartError(f"--every {opts.every!r}: write five fields like those of a crontab: '17 3 * * 1'.")
    schedules = (Schedule(opts.every, _batch(config, opts)),) if opts.every else ()
    terms = Terms(
        concurrency=opts.concurrency,
        queues=(opts.queue,) if opts.queue else tasks.QUEUES,
        lease=opts.lease,
        until_done=opts.until_done,
        schedules=schedules,
        egress=config.egress,
        patience=config.store_patience,
        time_factor=config.time_factor,
    )
    service = Service(dsn, store, children, terms)
    try:
        began = await store.run(read_now)
        await service.serve()
        undone = await store.run(partial(count_undone, since=began))
    except StoreUnavailable as error:
        print(f"n8n_scraper: {error}", file=sys.stderr)
        return exit_code("store_unavailable")
    return _judge(undone) if opts.until_done and not service.was_told_to_end else 0


def _judge(undone: Undone) -> int:
    """Exit code of a worker that ended because the queue was empty."""
    if not any(undone):
        return 0
    print(
        f"n8n_scraper: The queue is empty, but not all is done: {undone.set_aside} tasks were set aside and"
        f" {undone.left} are left. scrapy work status tells why, scrapy work retry puts them back.",
        file=sys.stderr,
    )
    return exit_code("check_failed")


def _status(config: Config, _settings: Any, opts: argparse.Namespace, _words: list[str]) -> None:
    with existing_store(config) as dsn, closing(connect(dsn)) as connection:
        migrate(connection)
        with connection, connection.cursor() as cursor:
            state = read_work(cursor)
    if opts.json:
        known = state._asdict() if state else None
        print(orjson.dumps(known, option=orjson.OPT_INDENT_2).decode())
    elif state is None:
        print("There is no queue here yet: scrapy work enqueue makes it, and so does the first worker.")
    else:
        print(*(list(lines(state)) or ["Nothing was ever put on the queue, and there is no worker."]), sep="\n")


def _retry(config: Config, _settings: Any, _opts: argparse.Namespace, _words: list[str]) -> None:
    with existing_store(config), _queue(config) as (_dsn, connection), connection, connection.cursor() as cursor:
        count = tasks.put_back(cursor)
    print(f"{count} tasks that were set aside are on the queue again." if count else "No task was set aside.")


@contextmanager
def _queue(config: Config) -> Iterator[tuple[str, Connection]]:
    """The store with the engine's schema in it."""
    try:
        from n8n_scraper.work.engine_schema import install_engine  # noqa: PLC0415 - it needs the extra
    except ImportError:
        raise StartError("scrapy work needs its extra: pip install -r requirements.txt -e '.[work]'.") from None
    with open_database(config) as dsn, closing(connect(dsn, application_name="n8n_scraper work")) as connection:
        install_engine(connection)
        yield dsn, connection


ACTIONS: Mapping[str, Action] = {
    "enqueue": Action(_enqueue, "[export]", "put a crawl on the queue, in shards, or an export", _OF_A_BATCH),
    "run": Action(_run, "", "be a worker: until a signal, or with --until-done until nothing is left", _OF_A_WORKER),
    "status": Action(_status, "", "batches, tasks, workers, and why what waits waits", ("json",)),
    "retry": Action(_retry, "", "put tasks that were set aside on the queue again"),
}
