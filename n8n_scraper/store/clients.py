"""The client programs psql, pg_dump and pg_restore: which one serves a server, and how it is told where to connect.

The wheel's programs know no TLS and no newer server than their own; then the one on the PATH is taken. A password goes
through the environment, because everybody on the machine can read arguments.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from psycopg2 import extensions

from n8n_scraper.exceptions import StartError
from n8n_scraper.store.embedded_binaries import wheel_programs


def client_program(name: str, connection: extensions.connection, *, prefer_installed: bool = False) -> Path:
    """The program ``name`` for the server of an open connection: the wheel's, or the one on the PATH.

    Raises:
        StartError: there is none; which one to install.
    """
    server = connection.server_version // 10_000
    found = shutil.which(name)
    installed = [Path(found)] if found else []
    wheel = [] if connection.info.ssl_in_use else [wheel_programs() / name]
    for program in installed + wheel if prefer_installed else wheel + installed:
        if _major_version(program) >= server:
            return program
    tls = " over TLS" if connection.info.ssl_in_use else ""
    raise StartError(
        f"The server runs PostgreSQL {server}{tls}, and no {name} here can serve it: "
        f"install the client programs of PostgreSQL {server} or later (postgresql-client-{server})."
    )


def arguments_and_environment(dsn: str) -> tuple[list[str], dict[str, str]]:
    """What a client program is told: ``--dbname`` without the password, and an environment with it."""
    parts = extensions.parse_dsn(dsn)
    password = parts.pop("password", None)
    environment = dict(os.environ) | ({} if password is None else {"PGPASSWORD": password})
    return ["--dbname", str(extensions.make_dsn(**parts))], environment


def run_client(command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
    """Run a client program to its end.

    Raises:
        StartError: it failed, with its last words.
    """
    name = Path(command[0]).name
    finished = subprocess.run(  # noqa: S603 - a path of ours and arguments of ours, no shell
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if finished.returncode:
        said = finished.stderr.strip().splitlines()
        raise StartError(f"{name} failed: {said[-1] if said else f'exit code {finished.returncode}'}")


def _major_version(program: Path) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - as above
    found = re.search(r"\) (\d+)", answer)
    return int(found[1]) if found else 0
