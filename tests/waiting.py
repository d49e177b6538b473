"""Waiting for what another process does, with a bound; ports that are free."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 180.0
"""Seconds to wait for another process: no demand on it, but a bound on a hang, and below the timeout of a test. On a
busy machine a crawl of three seconds has taken a minute.
"""
_NEVER_GIVEN_OUT = range(10_000, 32_768)
"""Below the ports that Linux gives to whoever asks for any: nobody gets one by chance before it is used."""


def wait_until(condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What the condition gives as soon as it is true; a server that does not answer yet is none yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := condition():
                return found
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"it did not happen in {seconds} s")


def free_port() -> int:
    """A port of 127.0.0.1 for a program that must be told one."""
    for port in random.SystemRandom().sample(_NEVER_GIVEN_OUT, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
