"""Items gathered into batches: flushed at 50 rows, after a second, or when no more can come. No Scrapy, no SQL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_ROWS = 50
MAX_SECONDS = 1.0


class Batches(Generic[T]):
    """``await add(x)`` returns when the batch that holds ``x`` was written, and raises what ``write`` raised for it.

    One batch is written at a time; what comes meanwhile gathers for the next. ``left`` tells how many entries
    there may be before some are written, those that wait among them: when all of them wait, they wait for nobody.
    """

    def __init__(
        self,
        write: Callable[[list[T]], Awaitable[None]],
        left: Callable[[], int] | None = None,
        *,
        rows: int = MAX_ROWS,
        seconds: float = MAX_SECONDS,
    ) -> None:
        self._write = write
        self._left = left
        self._rows, self._seconds = rows, seconds
        self._gathered: list[tuple[T, asyncio.Future[None]]] = []
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._gathered)

    async def add(self, entry: T) -> None:
        future = asyncio.get_running_loop().create_future()
        self._gathered.append((entry, future))
        if self._is_full():
            self._full.set()
        if self._task is None:
            self._task = asyncio.create_task(self._flush())
        await future

    async def _flush(self) -> None:
        while self._gathered:
            if not self._is_full():
                self._full.clear()
                with contextlib.suppress(asyncio.TimeoutError):  # time is up: what is there is written
                    await asyncio.wait_for(self._full.wait(), self._seconds)
            batch, self._gathered = self._gathered[: self._rows], self._gathered[self._rows :]
            await self._write_one(batch)
        self._task = None

    def _is_full(self) -> bool:
        enough = self._rows if self._left is None else min(self._rows, self._left())
        return len(self._gathered) >= enough

    async def _write_one(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        [error] = await asyncio.gather(self._write([entry for entry, _ in batch]), return_exceptions=True)
        for _, future in batch:
            if future.done():
                continue
            if isinstance(error, BaseException):
                future.set_exception(error)
            else:
                future.set_result(None)
