"""Where the embedded Postgres lives, and as whom it runs.

The place is a directory of our own, mode 0700: data, socket, locks and log. Trust authentication is acceptable only
because of that mode, so it is enforced. No other directory is ever opened, chmod-ed or chown-ed.

A plain user runs the server as himself in ``DATA_DIR/postgres``. Postgres refuses to run as root, so root runs it as
the owner of the folder when that is another user, else as ``postgres`` or ``nobody``. Where that account cannot enter
``DATA_DIR`` (a clone below /root, mode 0700), the place is made in /var/lib/n8n_scraper and ``DATA_DIR/postgres`` is a
symbolic link to it: ``ls -l`` tells where the data is, a moved project keeps its store, and a removed DATA_DIR starts
anew. (Postgres needs an absolute path that it can enter itself: a working directory or a descriptor do not help.)
"""

from __future__ import annotations

import hashlib
import logging
import os
import pwd
import stat
import tempfile
from pathlib import Path
from typing import NamedTuple

from n8n_scraper.exceptions import StartError
from n8n_scraper.store.embedded_binaries import SHARED, Account, make_shared_folder, run_program

logger = logging.getLogger(__name__)

MUTEX = "mutex.lock"
_ANOTHER_FOLDER = "choose another one in N8N_SCRAPER_DATA_DIR"
_LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432.lock")
"""In bytes: a socket's path may have 103 on macOS, 107 on Linux."""


class Place(NamedTuple):
    """A directory of ours, without symbolic links in its path, and the account to run as (None: we ourselves)."""

    path: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "postgres.log"

    @property
    def owner(self) -> int:
        return os.geteuid() if self.account is None else self.account.pw_uid

    def own(self, path: Path) -> None:
        """Hand something we just made to the account."""
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def open(self, name: str) -> int:
        """Open a file of the place for appending, never through a symbolic link; made by root it is the account's."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path / name, flags, 0o600)
        if self.account is not None and os.fstat(descriptor).st_uid == 0:
            os.fchown(descriptor, self.account.pw_uid, self.account.pw_gid)
        return descriptor


def prepare_place(root: Path) -> Place:
    """The place for ``root``, made when it is not there.

    Raises:
        StartError: it is somebody else's, or cannot be made or entered.
    """
    try:
        return _existing_place(root) if has_place(root) else _new_place(root)
    except OSError as error:
        raise StartError(f"The folder {root} cannot be used ({error.strerror}): {_ANOTHER_FOLDER}.") from None


def has_place(root: Path) -> bool:
    return os.path.lexists(root)


def _existing_place(root: Path) -> Place:
    if not root.exists():
        raise StartError(f"{root} names {root.readlink()}, which is gone: remove {root} to start with an empty store.")
    path = root.resolve()
    owner = path.stat().st_uid
    if os.geteuid() not in {0, owner}:
        raise StartError(f"The folder {path} belongs to {_name(owner)}: run as that user, or {_ANOTHER_FOLDER}.")
    if not _is_ours(path):
        raise StartError(f"The folder {path} is not empty and holds no store: {_ANOTHER_FOLDER}.")
    place = Place(path, _account(owner) if os.geteuid() == 0 else None)
    if not _can_enter(path.parent, place.account):
        return _move_out(root, place)
    place.own(path)
    path.chmod(0o700)
    return place


def _is_ours(path: Path) -> bool:
    names = {entry.name for entry in path.iterdir()}
    return not names or MUTEX in names or (path / "data" / "PG_VERSION").exists()


def _move_out(root: Path, place: Place) -> Place:
    """The account cannot enter a folder that is there already: only an empty one can be put elsewhere."""
    if place.account is None or root.is_symlink() or any(place.path.iterdir()):
        raise StartError(f"The user {_name(place.owner)} cannot enter {place.path.parent}: {_ANOTHER_FOLDER}.")
    root.rmdir()
    return _place_elsewhere(root, place.account)


def _new_place(root: Path) -> Place:
    root.parent.mkdir(parents=True, exist_ok=True)
    parent = root.parent.resolve()
    place = Place(parent / root.name, _account(parent.stat().st_uid) if os.geteuid() == 0 else None)
    if place.account is not None and not _can_enter(parent, place.account):
        return _place_elsewhere(place.path, place.account)
    place.path.mkdir(mode=0o700, exist_ok=True)
    place.own(place.path)
    return place


def _place_elsewhere(root: Path, account: Account) -> Place:
    make_shared_folder()
    prefix = f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}-"
    former = sorted(SHARED.glob(f"{prefix}*"))
    place = Place(Path(tempfile.mkdtemp(prefix=prefix, dir=SHARED)), account)
    place.own(place.path)
    try:
        root.symlink_to(place.path)
    except FileExistsError:  # another process was faster
        place.path.rmdir()
        return _existing_place(root)
    logger.warning("The user %s cannot enter %s: the store is kept in %s.", account.pw_name, root.parent, place.path)
    if former:
        logger.warning("Earlier stores of this folder are still there: %s", ", ".join(map(str, former)))
    return place


def _account(owner: int) -> Account:
    """Whom root runs the server as: the owner, or for root's own folders an account without rights."""
    try:
        if owner:
            return pwd.getpwuid(owner)
    except KeyError:
        raise StartError(f"The owner {owner} of the store is no user here: {_ANOTHER_FOLDER}.") from None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StartError(
        "Postgres refuses to run as root and there is no user postgres or nobody: run as another user, "
        "or set DATABASE_URL to a PostgreSQL server."
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _can_enter(folder: Path, account: Account | None) -> bool:
    """Whether the kernel lets the account change into a folder: it knows about access lists and mounts, we do not."""
    return run_program(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder], account).returncode == 0


def socket_folder(place: Place) -> Path:
    """The place itself, or where its path is no good for a socket, the private folder that ``place/socket`` names."""
    if _suits_sockets(place.path):
        return place.path
    link = place.path / "socket"
    return link.readlink() if link.is_symlink() else link


def prepare_socket_folder(place: Place) -> Path:
    """The same, made when it is not there. Only for the one who is about to start the server."""
    folder = socket_folder(place)
    if folder == place.path or _is_private(folder, place.owner):
        return folder
    new = Path(tempfile.mkdtemp(prefix="n8n_scraper-", dir=_short_temporary_folder(place.account)))
    place.own(new)
    link = place.path / "socket"
    link.unlink(missing_ok=True)
    link.symlink_to(new)
    return new


def _short_temporary_folder(account: Account | None) -> Path:
    for folder in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - mkdtemp makes a private folder in it
        if _suits_sockets(folder / "n8n_scraper-12345678") and _can_enter(folder, account):
            return folder
    raise StartError("No temporary folder has a path short enough for a Postgres socket: set TMPDIR to one.")


def _suits_sockets(folder: Path) -> bool:
    """A comma separates folders, both in a server's setting and in a client's address."""
    name = os.fsencode(folder)
    return len(name) <= _LONGEST_SOCKET_FOLDER and b"," not in name


def _is_private(folder: Path, owner: int) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and stat.S_IMODE(found.st_mode) == 0o700
