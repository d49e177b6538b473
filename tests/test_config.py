from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.config import SETTINGS, Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.setting_values import read_gateway

LOOPBACK = {"N8N_SCRAPER_SITE_URL": "http://127.0.0.1:1", "N8N_SCRAPER_API_URL": "http://localhost:2"}


def read(root: Path = Path("/project"), **settings: Any) -> Config:
    return Config.from_settings(settings, root)


def test_defaults_are_those_of_the_contract() -> None:
    config = read()
    assert (config.site_url, config.api_url) == ("https://n8n.io", "https://api.n8n.io")
    assert (config.requests_per_second, config.burst, config.max_body_bytes) == (2.0, 1, 8_000_000)
    assert (config.data_dir, config.export_dir) == ("/project/.n8n_scraper", "/project/exports")
    assert config.quality_weights == (20.0, 30.0, 40.0, 10.0)
    assert config.api_robotstxt_obey
    assert not config.is_test_site


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("N8N_SCRAPER_REQUEST_PER_SECOND", "1", "Did you mean N8N_SCRAPER_REQUESTS_PER_SECOND?"),
        ("N8N_SCRAPER_REQUESTS_PER_SECOND", "fast", "must be a number"),
        ("N8N_SCRAPER_METRICS_TEXTFILE", "n8n.txt", "must end with .prom"),
        ("N8N_SCRAPER_REQUESTS_PER_SECOND", "nan", "must be between"),
        ("N8N_SCRAPER_REQUESTS_PER_SECOND", "-1", "must be between"),
        ("N8N_SCRAPER_REQUESTS_PER_SECOND", "2.01", "more than 2"),
        ("N8N_SCRAPER_REQUESTS_PER_SECOND", "0", "more than 2 (and 0 = no limit)"),
        ("N8N_SCRAPER_BURST", "6", "between 1 and 5"),
        ("N8N_SCRAPER_BREAKER_GIVE_UP", "-1", "must be at least"),
        ("N8N_SCRAPER_BREAKER_GIVE_UP", "inf", "must be"),
        ("PROMETHEUS_PUSHGATEWAY", "gateway:9091/metrics", "without a path"),
        ("PROMETHEUS_PUSHGATEWAY", "ftp://gateway", "must be an address"),
        ("N8N_SCRAPER_SITE_URL", "n8n.io", "must be an address"),
        ("N8N_SCRAPER_SITE_URL", "https://n8n.io/workflows", "without a path"),
        ("N8N_SCRAPER_QUALITY_WEIGHTS", "1,2,3", "four numbers"),
        ("N8N_SCRAPER_QUALITY_WEIGHTS", "0,0,0,0", "four numbers"),
        ("N8N_SCRAPER_EXPORT_PAID", "perhaps", "True or False"),
        ("N8N_SCRAPER_CONTACT", "a@b\nX-Evil: c", "one line"),
        ("N8N_SCRAPER_MAX_BODY_BYTES", "8 MB", "a whole number"),
    ],
)
def test_a_bad_setting_is_refused_with_its_name(name: str, value: str, said: str) -> None:
    with pytest.raises(StartError) as refused:
        read(**{name: value})
    assert name in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "is_allowed"),
    [
        (LOOPBACK, True),
        ({"N8N_SCRAPER_SITE_URL": "http://127.0.0.1:1"}, False),
        ({"N8N_SCRAPER_TEST_HOSTS": "n8n.io,api.n8n.io"}, True),
        ({"N8N_SCRAPER_TEST_HOSTS": "n8n.io"}, False),
    ],
)
def test_more_than_two_a_second_is_for_hosts_of_ours(settings: dict[str, str], is_allowed: bool) -> None:
    if is_allowed:
        assert read(**settings, N8N_SCRAPER_REQUESTS_PER_SECOND="200").requests_per_second == 200
    else:
        with pytest.raises(StartError, match="more than 2"):
            read(**settings, N8N_SCRAPER_REQUESTS_PER_SECOND="200")


def test_paths_without_a_project_must_be_absolute() -> None:
    with pytest.raises(StartError, match="absolute"):
        Config.from_settings({}, None)
    config = Config.from_settings({"N8N_SCRAPER_DATA_DIR": "/a", "N8N_SCRAPER_EXPORT_DIR": "/b"}, None)
    assert (config.data_dir, config.export_dir) == ("/a", "/b")


def test_a_database_url_is_never_repeated() -> None:
    assert "DATABASE_URL" in SETTINGS
    with pytest.raises(StartError) as refused:
        read(DATABASE_URL="postgresql://u:secret\n@h/d")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["SITE_URL", "API_URL", "YOUTUBE_URL"])
def test_times_are_shortened_on_loopback_only(name: str) -> None:
    loopback = {**LOOPBACK, "N8N_SCRAPER_YOUTUBE_URL": "http://127.0.0.1:3", "N8N_SCRAPER_TIME_FACTOR": "10"}
    assert read(**loopback).time_factor == 10
    other = {f"N8N_SCRAPER_{name}": "https://n8n.test", "N8N_SCRAPER_TEST_HOSTS": "n8n.test"}
    with pytest.raises(StartError, match=r"TIME_FACTOR = 10: .* on loopback only, and https://n8n.test is none"):
        read(**{**loopback, **other})


@pytest.mark.parametrize(
    "settings",
    [
        {"N8N_SCRAPER_YOUTUBE_URL": "http://127.0.0.1:81"},
        {"N8N_SCRAPER_YOUTUBE_URL": "http://youtube.test", "N8N_SCRAPER_TEST_HOSTS": "youtube.test"},
        {"N8N_SCRAPER_TRANSCRIPT_LANGUAGES": "de, en,pt-BR,zh-Hans"},
        {"N8N_SCRAPER_TRANSCRIPT_PROXY": "http://name:secret@proxy.test:80"},
    ],
)
def test_settings_of_transcripts(settings: dict[str, str]) -> None:
    Config.from_settings(settings, Path("/p"))


@pytest.mark.parametrize(
    "settings",
    [
        {"N8N_SCRAPER_YOUTUBE_URL": "https://youtube.test"},
        {"N8N_SCRAPER_TRANSCRIPT_LANGUAGES": ""},
        {"N8N_SCRAPER_TRANSCRIPT_LANGUAGES": "english!"},
        {"N8N_SCRAPER_TRANSCRIPT_PROXY": "name:secret@proxy.test"},
        {"N8N_SCRAPER_TRANSCRIPT_PROXY": "socks5://name:secret@proxy.test"},
        {"N8N_SCRAPER_TRANSCRIPT_PROXY": "http://name:secret@[::1"},
    ],
)
def test_bad_settings_of_transcripts_are_refused_without_telling_a_password(settings: dict[str, str]) -> None:
    with pytest.raises(StartError) as refused:
        Config.from_settings(settings, Path("/p"))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "read_as"),
    [("", ""), ("gateway:9091", "http://gateway:9091"), ("https://gateway/", "https://gateway")],
)
def test_the_scheme_of_a_gateway_may_be_missing(given: str, read_as: str) -> None:
    assert read_gateway(given) == read_as


def test_values_at_their_bounds_are_read() -> None:
    given = {"BURST": "5", "METRICS_TEXTFILE": "/var/lib/node_exporter/n8n.prom", "QUALITY_WEIGHTS": "0,0,0,1"}
    config = read(**{f"N8N_SCRAPER_{name}": value for name, value in given.items()})
    assert (config.burst, config.metrics_textfile, config.quality_weights) == (
        5,
        given["METRICS_TEXTFILE"],
        (0, 0, 0, 1),
    )
