"""Our settings: name, default, meaning, and the check that refuses a bad value at the start. Pure.

Order: ``-s`` > environment > project > default. Everything that reads a setting of ours reads it from :class:`Config`.
"""

from __future__ import annotations

import difflib
import ipaddress
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from n8n_scraper.exceptions import StartError

PREFIX = "N8N_SCRAPER_"
T = TypeVar("T", int, float)
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def _text(value: Any) -> str:
    text = str(value).strip()
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _flag(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError("must be True or False")


def _as(type_: type[T], value: Any, name: str) -> T:
    try:
        return type_(value)
    except (TypeError, ValueError):
        raise ValueError(f"must be {name}") from None


def _number(low: float, high: float = math.inf) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        number = _as(float, value, "a number")
        if not low <= number <= high or math.isinf(number):
            raise ValueError(
                f"must be between {low:g} and {high:g}" if high < math.inf else f"must be at least {low:g}"
            )
        return number

    return parse


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = _as(int, str(value), "a whole number")
        if not low <= number <= high:
            raise ValueError(f"must be a whole number between {low} and {high}")
        return number

    return parse


def _address(value: Any) -> str:
    address = _text(value).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
        raise ValueError("must be an address like https://n8n.io, without a path")
    return address


def _gateway(value: Any) -> str:
    """As prometheus_client takes it: the scheme may be missing."""
    text = _text(value)
    return _address(text if "://" in text else f"http://{text}") if text else ""


def _words(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return tuple(word.strip() for word in items if word.strip())


def _weights(value: Any) -> tuple[float, ...]:
    numbers = tuple(_as(float, word, "four numbers") for word in _words(value))
    if len(numbers) != 4 or any(n < 0 or math.isinf(n) or math.isnan(n) for n in numbers) or not sum(numbers):
        raise ValueError("must be four numbers of 0 or more, for layers 1, 2, 3 and consistency")
    return numbers


def _setting(parse: Callable[[Any], Any], default: Any, meaning: str, *, name: str | None = None) -> Any:
    return field(default=default, metadata={"parse": parse, "meaning": meaning, "name": name})


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting of ours, checked. ``burst`` is N8N_SCRAPER_BURST; metadata may name another."""

    site_url: str = _setting(_address, "https://n8n.io", "address of the site")
    api_url: str = _setting(_address, "https://api.n8n.io", "address of the API")
    requests_per_second: float = _setting(
        _number(0, 10_000),
        2.0,
        "over both hosts and all processes of a store; 0 = no limit, on test hosts only",
    )
    burst: int = _setting(_whole(1, 5), 1, "requests that may start at once after a pause")
    media_requests_per_second: float = _setting(
        _number(0.01, 10_000), 1.0, "image downloads, per host (nothing downloads them yet)"
    )
    transcript_requests_per_second: float = _setting(
        _number(0.01, 10_000), 0.2, "requests to YouTube (nothing asks it yet)"
    )
    api_robotstxt_obey: bool = _setting(_flag, True, "obey robots.txt of the API host; False only with permission")
    contact: str = _setting(_text, "", "address of a person, sent in the User-Agent")
    data_dir: str = _setting(_text, ".n8n_scraper", "embedded Postgres and downloaded files")
    export_dir: str = _setting(_text, "exports", "where exports and reports of runs are written")
    quality_weights: tuple[float, ...] = _setting(
        _weights, (20.0, 30.0, 40.0, 10.0), "weights of layers 1, 2, 3 and consistency"
    )
    breaker_threshold: int = _setting(_whole(1, 1000), 10, "failures in a row that open the circuit breaker")
    breaker_cooldown: float = _setting(_number(0.01, 600), 30.0, "seconds before the first probe, doubling to 600")
    breaker_give_up: float = _setting(_number(0.1), 3600.0, "seconds open after which the crawl ends, resumable")
    store_patience: float = _setting(
        _number(0.1, 86_400), 120.0, "seconds a crawl waits for a store that went away before it ends, resumable"
    )
    workflow_timeout: float = _setting(_number(0.1), 900.0, "seconds one workflow may take, without waits")
    max_body_bytes: int = _setting(_whole(1000, 1 << 30), 8_000_000, "largest answer, also after decompression")
    export_paid: bool = _setting(_flag, False, "export the JSON of paid workflows too")
    csv_defuse_formulas: bool = _setting(_flag, True, "put ' before CSV cells that a spreadsheet would run")
    redact_secrets: bool = _setting(
        _flag, True, "replace secrets before they are stored; scrapy reparse does it for rows stored before"
    )
    history_versions: int = _setting(
        _whole(0, 1_000_000), 100, "former JSONs kept of each workflow; what is older keeps its dates and differences"
    )
    chromium: str = _setting(_text, "", "path of the browser for pages that need one (nothing renders yet)")
    test_hosts: tuple[str, ...] = _setting(_words, (), "hosts of ours where more than 2 requests a second are allowed")
    metrics_textfile: str = _setting(
        _text, "", "file for the metrics of the run (.prom); unset: metrics.prom in the folder of the run"
    )
    metrics_interval: float = _setting(_number(0.1, 3600), 15.0, "seconds between two writes of the metrics")
    prometheus_pushgateway: str = _setting(
        _gateway, "", "address of a Pushgateway that gets the metrics too", name="PROMETHEUS_PUSHGATEWAY"
    )
    database_url: str = _setting(
        _text, "", "Postgres to use; unset: an embedded one under DATA_DIR", name="DATABASE_URL"
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
        _check_rate(config)
        for name in ("data_dir", "export_dir", "metrics_textfile"):
            if value := getattr(config, name):
                object.__setattr__(config, name, str(_resolve(value, setting_name(name), root)))
        return config

    @property
    def site_host(self) -> str:
        return urlsplit(self.site_url).hostname or ""

    @property
    def api_host(self) -> str:
        return urlsplit(self.api_url).hostname or ""

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


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
        shown = "" if name == "DATABASE_URL" else f" = {value!r}"
        raise StartError(f"Setting {name}{shown}: {error}.") from None


def _check_rate(config: Config) -> None:
    fast = config.requests_per_second > 2 or config.requests_per_second == 0
    if fast and not config.is_test_site:
        raise StartError(
            f"Setting {PREFIX}REQUESTS_PER_SECOND = {config.requests_per_second:g}: more than 2 (and 0 = no limit) is "
            f"allowed only where {config.site_host} and {config.api_host} are both loopback or in {PREFIX}TEST_HOSTS."
        )


def _resolve(value: str, name: str, root: Path | None) -> Path:
    path = Path(value).expanduser()
    if path.is_absolute():
        return path
    if root is None:
        raise StartError(
            f"Setting {name} = {value!r}: there is no scrapy.cfg to be relative to, give an absolute path."
        )
    return root / path
