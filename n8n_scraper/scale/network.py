"""Network namespaces as hosts: each with an address of its own on one switch, and no way out. Linux, as root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from n8n_scraper.exceptions import StartError

PREFIX = f"n8n-{os.getpid()}-"
"""Namespaces are the machine's: another drill may be under way on it."""
SWITCH = f"{PREFIX}switch"


def why_not() -> str | None:
    """Why there can be no hosts here; None when there can."""
    if shutil.which("ip") is None:
        return "ip is missing: apt-get install iproute2"
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        _ip("netns", "add", f"{PREFIX}try")
    except StartError as error:
        return f"this system lets root make no network namespace ({error})"
    _ip("netns", "del", f"{PREFIX}try")
    return None


@contextmanager
def hosts(addresses: Mapping[str, str]) -> Iterator[None]:
    """Hosts by name, each at its address; they are gone after the block.

    Raises:
        StartError: there can be none here, and why.
    """
    if reason := why_not():
        raise StartError(f"There are no hosts to work on: {reason}.")
    try:
        _ip("netns", "add", SWITCH)
        _ip("-n", SWITCH, "link", "add", "bridge0", "type", "bridge")
        _ip("-n", SWITCH, "link", "set", "bridge0", "up")
        for name, address in addresses.items():
            _plug_in(name, address)
        yield
    finally:
        for name in (*addresses, "switch"):
            subprocess.run(["ip", "netns", "del", PREFIX + name], capture_output=True, check=False)  # noqa: S603, S607 - names of ours


def on_host(name: str) -> list[str]:
    """Words before a command that is to run on that host."""
    return ["ip", "netns", "exec", PREFIX + name]


def cut_off(name: str) -> None:
    """Pull the host's cable: nothing arrives, and nobody is told."""
    _ip("-n", SWITCH, "link", "set", f"port-{name}", "down")


def heal(name: str) -> None:
    _ip("-n", SWITCH, "link", "set", f"port-{name}", "up")


def _plug_in(name: str, address: str) -> None:
    space = PREFIX + name
    _ip("netns", "add", space)
    _ip("-n", space, "link", "set", "lo", "up")
    _ip("-n", SWITCH, "link", "add", f"port-{name}", "type", "veth", "peer", "name", "eth0", "netns", space)
    _ip("-n", SWITCH, "link", "set", f"port-{name}", "master", "bridge0")
    heal(name)
    _ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", space, "link", "set", "eth0", "up")


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607 - names of ours
    if done.returncode:
        raise StartError(f"ip {' '.join(words)}: {done.stderr.strip()}")
