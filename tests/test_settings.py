from __future__ import annotations

import pytest
from scrapy.settings import Settings


@pytest.fixture
def settings() -> Settings:
    made = Settings()
    made.setmodule("n8n_scraper.settings", priority="project")
    return made


@pytest.mark.parametrize(
    ("setting", "off", "on"),
    [
        ("EXTENSIONS", "remote_control", "feedexport"),
        ("DOWNLOADER_MIDDLEWARES", "cookies", "httpproxy"),
        ("DOWNLOADER_MIDDLEWARES", "retry.RetryMiddleware", "middlewares.retry"),
    ],
)
def test_what_is_off_is_not_even_loaded_and_the_rest_of_scrapys_is_kept(
    settings: Settings, setting: str, off: str, on: str
) -> None:
    components = " ".join(settings.get_component_priority_dict_with_base(setting))
    assert f"scrapy.downloadermiddlewares.{off}" not in components
    assert f"scrapy.extensions.{off}" not in components
    assert on in components
