"""One connection to the store on one thread, for callers on the event loop.

Work is a function of a cursor and runs as one transaction. When the connection breaks, the work waits and runs again
on a new one: all work of ours gives the same result twice. Only when the store stays away longer than ``patience``
does it fail.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg2
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.exceptions import StartError, StoreUnavailable

logger = logging.getLogger(__name__)
T = TypeVar("T")
_LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)
RETRY_SECONDS = 1.0


class StoreThread:
    """``connect`` makes a connection; ``on_connect`` runs on every new one (to take locks again)."""

    def __init__(self, connect: Callable[[], Any], *, patience: float = 120.0) -> None:
        self._connect = connect
        self._patience = patience
        self._connection: Any = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.on_connect: Callable[[Cursor], None] | None = None

    async def run(self, work: Callable[[Cursor], T]) -> T:
        """Run ``work`` as a transaction.

        Raises:
            StoreUnavailable: when no connection could be had for ``patience`` seconds.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._work, work)

    def call(self, work: Callable[[Cursor], T]) -> T:
        """The same for callers that may block."""
        return self._executor.submit(self._work, work).result()

    def close(self) -> None:
        self._executor.submit(self._disconnect).result()
        self._executor.shutdown()

    def _work(self, work: Callable[[Cursor], T]) -> T:
        end = time.monotonic() + self._patience
        while True:
            try:
                return self._transaction(work)
            except _LOST as error:
                if isinstance(error, psycopg2.errors.DiskFull) or not self._is_lost(error):
                    raise
                self._disconnect()
                if time.monotonic() >= end:
                    raise StoreUnavailable(f"the store did not answer for {self._patience:g} seconds") from error
                logger.warning("The store does not answer; waiting for it to come back.")
                time.sleep(RETRY_SECONDS)

    def _transaction(self, work: Callable[[Cursor], T]) -> T:
        connection = self._connection or self._reconnect()
        with connection, connection.cursor() as cursor:
            return work(cursor)

    def _reconnect(self) -> Any:
        try:
            connection = self._connect()
        except StartError as error:  # open_database's wording of a refused connection
            raise psycopg2.OperationalError(str(error)) from error
        if self.on_connect:
            with connection, connection.cursor() as cursor:
                self.on_connect(cursor)
        self._connection = connection
        return connection

    def _is_lost(self, error: psycopg2.Error) -> bool:
        """A broken connection, not an error of the statement."""
        return self._connection is None or bool(self._connection.closed) or error.pgcode in {"57P01", "57P02", "57P03"}

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
