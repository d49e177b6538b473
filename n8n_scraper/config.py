"""Our settings: name, default, meaning, and the check that refuses a bad value at the start. Pure.

Order: ``-s`` > environment > project > default. Everything that reads a setting of ours reads it from :class:`Config`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from n8n_scraper.checks import read_checks
from n8n_scraper.exceptions import StartError
from n8n_scraper.setting_rules import (
    POLITE_RATE,
    PREFIX,
    YOUTUBE_URL,
    check_rate,
    check_time,
    check_youtube,
    is_loopback,
    resolve_path,
)
from n8n_scraper.setting_values import (
    number,
    read_address,
    read_flag,
    read_gateway,
    read_languages,
    read_proxy,
    read_text,
    read_textfile,
    read_weights,
    read_words,
    whole,
)


def _setting(
    parse: Callable[[Any], Any], default: Any, meaning: str, *, name: str | None = None, is_secret: bool = False
) -> Any:
    return field(default=default, metadata={"parse": parse, "meaning": meaning, "name": name, "is_secret": is_secret})


def _checks(value: Any) -> str:
    read_checks(read_text(value))
    return read_text(value)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting of ours, checked. ``burst`` is N8N_SCRAPER_BURST; metadata may name another."""

    site_url: str = _setting(read_address, "https://n8n.io", "address of the site")
    api_url: str = _setting(read_address, "https://api.n8n.io", "address of the API")
    requests_per_second: float = _setting(
        number(0, 10_000),
        POLITE_RATE,
        "over both hosts and all processes of a store; 0 = no limit, on test hosts only",
    )
    burst: int = _setting(whole(1, 5), 1, "requests that may start at once after a pause")
    media_requests_per_second: float = _setting(
        number(0.01, 10_000), 1.0, "image downloads, per host and over all processes of a store"
    )
    transcript_requests_per_second: float = _setting(
        number(0.001, 10_000), 0.2, "requests to YouTube, three for a transcript"
    )
    transcript_languages: tuple[str, ...] = _setting(
        read_languages,
        ("en",),
        "languages of transcripts, the best first; in each a person's captions before a machine's",
    )
    transcript_proxy: str = _setting(
        read_proxy, "", "http(s) proxy for the requests to YouTube; never logged or stored", is_secret=True
    )
    youtube_url: str = _setting(read_address, YOUTUBE_URL, "address of YouTube; another one for tests only")
    api_robotstxt_obey: bool = _setting(read_flag, True, "obey robots.txt of the API host; False only with permission")
    contact: str = _setting(read_text, "", "address of a person, sent in the User-Agent")
    data_dir: str = _setting(read_text, ".n8n_scraper", "embedded Postgres and downloaded files")
    export_dir: str = _setting(read_text, "exports", "where exports and reports of runs are written")
    quality_weights: tuple[float, ...] = _setting(
        read_weights, (20.0, 30.0, 40.0, 10.0), "weights of layers 1, 2, 3 and consistency"
    )
    breaker_threshold: int = _setting(whole(1, 1000), 10, "failures in a row that open the circuit breaker")
    breaker_cooldown: float = _setting(number(0.01, 600), 30.0, "seconds before the first probe, doubling to 600")
    breaker_give_up: float = _setting(number(0.1), 3600.0, "seconds open after which the crawl ends, resumable")
    store_patience: float = _setting(
        number(0.1, 86_400), 120.0, "seconds a crawl waits for a store that went away before it ends, resumable"
    )
    time_factor: float = _setting(
        number(1, 1000),
        1.0,
        "waits before retries and cool-downs are this many times shorter; for stand-ins on loopback only",
    )
    workflow_timeout: float = _setting(number(0.1), 900.0, "seconds one workflow may take, without waits")
    max_body_bytes: int = _setting(whole(1000, 1 << 30), 8_000_000, "largest answer, also after decompression")
    max_image_pixels: int = _setting(
        whole(1, 1 << 40), 100_000_000, "largest image, width by height as its header says"
    )
    export_paid: bool = _setting(read_flag, False, "export the JSON of paid workflows too")
    csv_defuse_formulas: bool = _setting(read_flag, True, "put ' before CSV cells that a spreadsheet would run")
    redact_secrets: bool = _setting(
        read_flag, True, "replace secrets before they are stored; scrapy reparse does it for rows stored before"
    )
    history_versions: int = _setting(
        whole(0, 1_000_000), 100, "former JSONs kept of each workflow; what is older keeps its dates and differences"
    )
    checks: str = _setting(
        _checks, "", "thresholds of the checks, like failed<=0.3, sitemap=off; off = none (see scrapy report)"
    )
    chromium: str = _setting(
        read_text, "", "browser for pages that need one; unset: chromium of the system, else Playwright's own"
    )
    test_hosts: tuple[str, ...] = _setting(
        read_words, (), "hosts of ours where more than 2 requests a second are allowed"
    )
    metrics_textfile: str = _setting(
        read_textfile, "", "file for the metrics of the run (.prom); unset: metrics.prom in the folder of the run"
    )
    metrics_interval: float = _setting(number(0.1, 3600), 15.0, "seconds between two writes of the metrics")
    prometheus_pushgateway: str = _setting(
        read_gateway, "", "address of a Pushgateway that gets the metrics too", name="PROMETHEUS_PUSHGATEWAY"
    )
    egress: str = _setting(
        read_text, "", "name of the address that requests leave from: workers that share it share its rate"
    )
    database_url: str = _setting(
        read_text,
        "",
        "Postgres to use; unset: an embedded one under DATA_DIR",
        name="DATABASE_URL",
        is_secret=True,
    )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], root: Path | None = None) -> Config:
        """Read and check all settings; paths are taken relative to ``root``, the folder of scrapy.cfg.

        Raises:
            StartError: naming the setting, its value and what is allowed.
        """
        _check_names(settings)
        config = cls(
            **{f.name: _read(settings, setting_name(f.name), f.metadata["parse"], f.default) for f in fields(cls)}
        )
        check_rate(config)
        check_youtube(config)
        check_time(config)
        for name in ("data_dir", "export_dir", "metrics_textfile"):
            if value := getattr(config, name):
                object.__setattr__(config, name, str(resolve_path(value, setting_name(name), root)))
        return config

    @property
    def site_host(self) -> str:
        return urlsplit(self.site_url).hostname or ""

    @property
    def api_host(self) -> str:
        return urlsplit(self.api_url).hostname or ""

    @property
    def named_hosts(self) -> frozenset[str]:
        """Hosts that the settings name: these may be inner ones."""
        return frozenset({self.site_host, self.api_host, *self.test_hosts})

    @property
    def is_test_site(self) -> bool:
        """Both hosts are loopback or listed in TEST_HOSTS: rates above 2 are allowed there."""
        return all(is_loopback(host) or host in self.test_hosts for host in (self.site_host, self.api_host))


def setting_name(field_name: str) -> str:
    metadata = Config.__dataclass_fields__[field_name].metadata
    return metadata["name"] or PREFIX + field_name.upper()


SETTINGS: dict[str, tuple[Any, str]] = {
    setting_name(f.name): (f.default, f.metadata["meaning"]) for f in fields(Config)
}
"""Name of each setting → (default, meaning)."""


SECRET_SETTINGS = frozenset(setting_name(f.name) for f in fields(Config) if f.metadata["is_secret"])
"""Their values are neither shown nor stored."""


def _check_names(settings: Mapping[str, Any]) -> None:
    """A misspelt setting would leave its default in force, which may be the less polite one."""
    for name in settings:
        if name.startswith(PREFIX) and name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise StartError(f"Setting {name} is unknown.{hint}")


def _read(settings: Mapping[str, Any], name: str, parse: Callable[[Any], Any], default: Any) -> Any:
    value = settings.get(name)
    if value is None:
        return default
    try:
        return parse(value)
    except ValueError as error:
        shown = "" if name in SECRET_SETTINGS else f" = {value!r}"
        raise StartError(f"Setting {name}{shown}: {error}.") from None
