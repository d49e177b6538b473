"""``scrapy db``: look at the store, open it, back it up, restore it, move it to a server."""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from scrapy.exceptions import UsageError

from n8n_scraper.command import ProjectCommand
from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.project import load_config
from n8n_scraper.store.backup import move_store, restore_backup, write_backup
from n8n_scraper.store.clients import arguments_and_environment, client_program
from n8n_scraper.store.condition import Condition, read_condition
from n8n_scraper.store.database import connect, embedded_postgres, existing_store
from n8n_scraper.store.database_url import public_url, read_database_url


class Command(ProjectCommand):
    requires_project = True

    def syntax(self) -> str:
        return "[options] " + " | ".join(f"{name} {action.operand}".strip() for name, action in ACTIONS.items())

    def short_desc(self) -> str:
        return "Look at the store, open it, back it up, restore it, move it to a server"

    def long_desc(self) -> str:
        return "; ".join(f"{name} {action.operand}".strip() + f": {action.does}" for name, action in ACTIONS.items())

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        group = parser.add_argument_group("Store")
        group.add_argument("-c", "--command", metavar="SQL", help="with psql, run this and leave")
        group.add_argument("--hold", action="store_true", help="with address, keep the store running until Ctrl-C")

    def check_words(self, args: list[str]) -> None:
        """Each action checks its own, with the options."""

    def act(self, args: list[str], opts: argparse.Namespace) -> int | None:
        return _action(args, opts)(load_config(self.settings), args[1:], opts)


# A string: to Python 3.10 a bare alias looks like a class, and Scrapy asks every class here whether it is a command.
Run: TypeAlias = "Callable[[Config, list[str], argparse.Namespace], int | None]"


class Action(NamedTuple):
    run: Run
    operand: str
    does: str


def _action(args: list[str], opts: argparse.Namespace) -> Run:
    if not args or args[0] not in ACTIONS:
        raise UsageError(f"scrapy db takes one of: {', '.join(ACTIONS)}")
    name, operands = args[0], args[1:]
    action = ACTIONS[name]
    if len(operands) != bool(action.operand) or any(word.startswith("-") for word in operands):
        raise UsageError(f"scrapy db {name} takes {action.operand or 'no words'}; got: {' '.join(operands) or 'none'}")
    if (opts.command is not None and name != "psql") or (opts.hold and name != "address"):
        raise UsageError("-c belongs to scrapy db psql, --hold to scrapy db address")
    return action.run


def _status(config: Config, _args: list[str], _opts: argparse.Namespace) -> None:
    is_embedded = not config.database_url
    was_running = is_embedded and embedded_postgres(config).is_running()
    with existing_store(config) as dsn, closing(connect(dsn)) as connection:
        print(f"address     {public_url(dsn)}")
        condition = read_condition(connection)
    kind = f"embedded, {'running' if was_running else 'stopped'}" if is_embedded else "server of DATABASE_URL"
    print(f"server      PostgreSQL {condition.server_version}, {kind}")
    _print_condition(condition)


def _print_condition(condition: Condition) -> None:
    rows = ", ".join(f"{count} {status}" for status, count in condition.rows.items())
    print(f"size        {condition.size / 1e6:.1f} MB")
    print(f"site        {' and '.join(condition.site) if condition.site else 'none yet'}")
    print(f"workflows   {sum(condition.rows.values())}" + (f": {rows}" if rows else ""))
    pending = f"; the next crawl applies {', '.join(condition.pending)}" if condition.pending else ""
    print(f"migrations  {len(condition.applied)} applied{pending}")
    if condition.refusal:
        raise StartError(condition.refusal)


def _address(config: Config, _args: list[str], opts: argparse.Namespace) -> None:
    if config.database_url:
        print(public_url(read_database_url(config.database_url)))
    elif opts.hold:
        with existing_store(config) as dsn:
            print(public_url(dsn), flush=True)
            print("The store answers there until Ctrl-C.", file=sys.stderr)
            _wait_for_signal()
    else:
        server = embedded_postgres(config)
        print(public_url(server.dsn()))
        if not server.is_running():
            print("It answers while a crawl, a shell or scrapy db address --hold runs; none does.", file=sys.stderr)


def _wait_for_signal() -> None:
    with _ends_by_signal(), contextlib.suppress(KeyboardInterrupt):
        while True:
            signal.pause()


def _psql(config: Config, _args: list[str], opts: argparse.Namespace) -> int:
    with existing_store(config) as dsn:
        with closing(connect(dsn)) as connection:
            program = client_program("psql", connection, prefer_installed=True)  # it has a line editor
        where, environment = arguments_and_environment(dsn)
        command = [program, *where, *(() if opts.command is None else ("--command", opts.command))]
        with _ends_by_signal():
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for a query in the shell, not for us
            try:
                return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - no shell
            finally:
                signal.signal(signal.SIGINT, before)


@contextmanager
def _ends_by_signal() -> Iterator[None]:
    """A closed terminal or a SIGTERM ends us cleanly, so that the embedded server is left as it should be."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(config: Config, _args: list[str], _opts: argparse.Namespace) -> None:
    was_running = embedded_postgres(config).stop_leaked()
    print("The embedded Postgres was stopped." if was_running else "No embedded Postgres is running.")


def _backup(config: Config, args: list[str], _opts: argparse.Namespace) -> None:
    file = Path(args[0])
    with existing_store(config) as dsn:
        size = write_backup(dsn, file)
    print(f"{file}: {size:,} bytes; scrapy db restore {file} puts it into an empty store.")


def _restore(config: Config, args: list[str], _opts: argparse.Namespace) -> None:
    rows = restore_backup(config, Path(args[0]))
    print(f"Restored and counted on both sides: {_told(rows)}.")


def _move(config: Config, args: list[str], _opts: argparse.Namespace) -> None:
    url = public_url(_target(args[0]))
    with existing_store(config) as dsn:
        rows = move_store(dsn, args[0])
    print(f"Copied and counted on both sides: {_told(rows)}.")
    print(
        f"Set DATABASE_URL to {url} (with its password, if it needs one) and crawl on; the former store is unchanged."
    )


def _target(url: str) -> str:
    try:
        return read_database_url(url)
    except StartError as error:
        raise StartError(str(error).replace("DATABASE_URL", "The URL to move to")) from None


def _told(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{table} {count:,}" for table, count in rows.items() if count) or "no rows at all"


ACTIONS = {
    "status": Action(_status, "", "server, size, workflows by crawl_status, migrations"),
    "address": Action(_address, "", "where the store answers, without a password"),
    "psql": Action(_psql, "", "a shell, or one statement with -c"),
    "stop": Action(_stop, "", "stop an embedded Postgres that a killed process left running"),
    "backup": Action(_backup, "FILE", "write the whole store into one file"),
    "restore": Action(_restore, "FILE", "fill an empty store from a backup"),
    "move": Action(_move, "URL", "copy the store into an empty database of a server"),
}
