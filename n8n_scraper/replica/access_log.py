"""The access log of a replica: one JSON object a line, written at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, TextIO

import orjson

from n8n_scraper.exceptions import StartError


class AccessLog:
    """Appends to ``path``; without one nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        if path is not None:
            try:
                self._file = path.open("a", encoding="utf-8", buffering=1)
            except OSError as error:
                raise StartError(f"Access log {path}: {error.strerror}; give a file that can be written.") from None

    def write(self, t: float, host: str, path: str, status: int, id: int | None, **more: str | None) -> None:
        """``t`` is the monotonic time of arrival in seconds, now that of the answer; ``status`` is 0 where none is
        given; of ``more`` (``fault``, ``video``, ``retry_after``,
        ``client``) what is not None is written.
        """
        if self._file is None:
            return
        line: dict[str, Any] = {"t": round(t, 6), "host": host, "path": path, "status": status, "id": id}
        line["seconds"] = round(time.monotonic() - t, 6)
        line |= {name: value for name, value in more.items() if value is not None}
        self._file.write(orjson.dumps(line).decode() + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
