"""One connection to the store on one thread, for callers on the event loop.

Work is a function of a cursor and runs as one transaction. When the connection breaks, the work waits and runs again
on a new one: all work of ours gives the same result twice. Only when the store stays away longer than ``patience``
does it fail, and with it all that comes later: who waited once in vain does not wait again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg2
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.exceptions import StartError, StoreUnavailable
from n8n_scraper.store.faults import meaning

logger = logging.getLogger(__name__)
T = TypeVar("T")
RETRY_SECONDS = 1.0
_SECONDS_KEPT = 20_000


class StoreThread:
    """``connect`` makes a connection; ``on_connect`` runs on every new one (to take locks again)."""

    def __init__(self, connect: Callable[[], Any], *, patience: float = 120.0) -> None:
        self._connect = connect
        self._patience = patience
        self._connection: Any = None
        self._lost_at: float | None = None
        self._gave_up = ""
        self._closed = threading.Event()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.on_connect: Callable[[Cursor], None] | None = None
        self.seconds: deque[float] = deque(maxlen=_SECONDS_KEPT)
        """What the last transactions took."""

    async def run(self, work: Callable[[Cursor], T]) -> T:
        """Run ``work`` as a transaction.

        Raises:
            StoreUnavailable: no connection could be had for ``patience`` seconds, or the thread was closed meanwhile.
            psycopg2.Error: what the store says against ``work`` itself, and a full disk.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._work, work)

    def call(self, work: Callable[[Cursor], T]) -> T:
        """The same for callers that may block."""
        return self._executor.submit(self._work, work).result()

    def close(self) -> None:
        """Work that waits for the store fails now. Without effect the second time."""
        if not self._closed.is_set():
            self._closed.set()
            self._executor.submit(self._disconnect).result()
            self._executor.shutdown()

    def _work(self, work: Callable[[Cursor], T]) -> T:
        while not self._gave_up:
            try:
                result = self._transaction(work)
            except psycopg2.Error as error:  # a lost connection is not always an OperationalError
                if meaning(error) in {"full", "refused"}:
                    raise
                self._wait(error)
            else:
                self._note_back()
                return result
        raise StoreUnavailable(self._gave_up)

    def _transaction(self, work: Callable[[Cursor], T]) -> T:
        connection = self._connection or self._reconnect()
        began = time.perf_counter()
        with connection, connection.cursor() as cursor:
            result = work(cursor)
        self.seconds.append(time.perf_counter() - began)
        return result

    def _reconnect(self) -> Any:
        try:
            self._connection = self._connect()
            if self.on_connect:
                with self._connection, self._connection.cursor() as cursor:
                    self.on_connect(cursor)
        except StartError as error:  # the wording of a refused connection, or of a job that somebody else holds
            self._disconnect()
            raise psycopg2.OperationalError(str(error)) from error
        return self._connection

    def _wait(self, error: psycopg2.Error) -> None:
        """Until the next try, or give up."""
        if meaning(error) == "away":
            self._disconnect()
        reason = (str(error).splitlines() or ["no reason given"])[0]
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            logger.warning("The store is not ready (%s): what has to be written waits.", reason)
        if time.monotonic() - self._lost_at >= self._patience:
            self._gave_up = f"the store was not ready for {self._patience:g} seconds: {reason}"
        elif self._closed.wait(RETRY_SECONDS):
            self._gave_up = "the crawl ended while it waited for the store"

    def _note_back(self) -> None:
        if self._lost_at is not None:
            logger.warning("The store is back after %.1f s.", time.monotonic() - self._lost_at)
            self._lost_at = None

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
