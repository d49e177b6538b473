"""What must hold between settings: rules over several of them. Pure."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from n8n_scraper.exceptions import StartError

if TYPE_CHECKING:
    from n8n_scraper.config import Config

PREFIX = "N8N_SCRAPER_"
POLITE_RATE = 2.0
"""Requests a second that the real site gets at most, and that Scrapy's settings are tuned to."""
YOUTUBE_URL = "https://www.youtube.com"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_rate(config: Config) -> None:
    fast = config.requests_per_second > POLITE_RATE or config.requests_per_second == 0
    if fast and not config.is_test_site:
        raise StartError(
            f"Setting {PREFIX}REQUESTS_PER_SECOND = {config.requests_per_second:g}: more than {POLITE_RATE:g} (and "
            f"0 = no limit) is allowed only where {config.site_host} and {config.api_host} are both loopback or in "
            f"{PREFIX}TEST_HOSTS."
        )


def check_youtube(config: Config) -> None:
    host = urlsplit(config.youtube_url).hostname or ""
    if config.youtube_url != YOUTUBE_URL and not is_loopback(host) and host not in config.test_hosts:
        raise StartError(
            f"Setting {PREFIX}YOUTUBE_URL = {config.youtube_url!r}: any other than {YOUTUBE_URL} must be loopback or "
            f"in {PREFIX}TEST_HOSTS."
        )


def check_time(config: Config) -> None:
    addresses = (config.site_url, config.api_url, config.youtube_url)
    others = [address for address in addresses if not is_loopback(urlsplit(address).hostname or "")]
    if config.time_factor != 1 and others:
        raise StartError(
            f"Setting {PREFIX}TIME_FACTOR = {config.time_factor:g}: waits are shortened for stand-ins on loopback "
            f"only, and {others[0]} is none."
        )


def resolve_path(value: str, name: str, root: Path | None) -> Path:
    path = Path(value).expanduser()
    if path.is_absolute():
        return path
    if root is None:
        raise StartError(
            f"Setting {name} = {value!r}: there is no scrapy.cfg to be relative to, give an absolute path."
        )
    return root / path
