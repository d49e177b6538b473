"""The lines of a JSONL file, packed or not, without holding more than a piece of it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import zstandard

from n8n_scraper.exceptions import StartError

_PIECE = 1 << 20


def read_lines(path: Path) -> Iterator[bytes]:
    """Lines end at ``\\n`` only, because texts hold U+2028.

    Raises:
        StartError: the file is missing, cut off or not packed as its name says.
    """
    left = b""
    for piece in _pieces(path):
        *lines, left = (left + piece).split(b"\n")
        yield from lines
    if left:
        yield left


def _pieces(path: Path) -> Iterator[bytes]:
    unpack = {".zst": _unpack_zstd, ".gz": _unpack_gzip}.get(path.suffix, _plain)
    try:
        yield from unpack(path)
    except OSError as error:
        raise StartError(f"Corpus {path}: {error.strerror or error}.") from None
    except (zstandard.ZstdError, zlib.error, EOFError) as error:
        raise StartError(f"Corpus {path}: damaged or cut off ({error}).") from None


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _unpack_gzip(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _unpack_zstd(path: Path) -> Iterator[bytes]:
    """Recordings are packed with a long window; a file may hold several frames, and must not end inside one."""
    unpacker = None
    for packed in _plain(path):
        data = packed
        while data:
            if unpacker is None:
                unpacker = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
            yield unpacker.decompress(data)
            data = unpacker.unused_data
            if unpacker.eof:
                unpacker = None
    if unpacker is not None:
        raise EOFError("it ends inside a frame")
