"""Which browser there is, and how it is started: without a way to the network, and with bounds. Reads no network."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PLAYWRIGHTS_OWN = (
    "chromium-*/chrome-linux*/chrome",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
_CACHE = "Library/Caches" if sys.platform == "darwin" else ".cache"
_HEAP_MEGABYTES = 256
_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--no-first-run",
    "--no-pings",
    "--disable-gpu",
    "--disable-breakpad",
    "--disable-remote-fonts",
    "--blink-settings=imagesEnabled=false",
    f"--js-flags=--max-old-space-size={_HEAP_MEGABYTES}",
)
"""The first takes every name and address away: what a page asks for is fetched by the crawl and handed to it."""
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR", "LD_LIBRARY_PATH")
"""A browser that runs scripts of others need not know the rest (DATABASE_URL)."""


def find_browser(configured: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Path of the browser: the one of the setting CHROMIUM, else the system's, else Playwright's own; None for none.

    Raises:
        StartError: the setting names no program.
    """
    if configured:
        if found := shutil.which(configured):
            return found
        raise StartError(f"Setting N8N_SCRAPER_CHROMIUM = {configured}: there is no such program that can be run.")
    path = environment.get("PATH", os.defpath)
    system = filter(None, (shutil.which(name, path=path) for name in _NAMES))
    return next(system, None) or _playwrights_own(environment)


def _playwrights_own(environment: Mapping[str, str]) -> str | None:
    home = Path(environment.get("HOME", "/nonexistent"), _CACHE, "ms-playwright")
    folder = Path(environment.get("PLAYWRIGHT_BROWSERS_PATH") or home)
    found = (str(file) for pattern in _PLAYWRIGHTS_OWN for file in sorted(folder.glob(pattern), reverse=True))
    return next((file for file in found if os.access(file, os.X_OK)), None)


def launch_options(executable: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What Playwright's ``launch`` is given. Root has no sandbox: Chromium refuses to start with one."""
    return {
        "executable_path": executable,
        "args": list(_ARGUMENTS),
        "chromium_sandbox": os.geteuid() != 0,
        "env": {name: environment[name] for name in _KEPT_VARIABLES if name in environment},
        "timeout": 60_000,
        # Signals are Scrapy's; the browser ends when the crawl closes it, or dies.
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
    }


def why_not_started(said: str) -> str:
    """One line of what Playwright said."""
    if "No usable sandbox" in said:
        return "its sandbox needs user namespaces, or Debian's package chromium-sandbox"
    return said.strip().partition("\n")[0][:300]
