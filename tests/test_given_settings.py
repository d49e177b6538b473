from __future__ import annotations

from pathlib import Path

import pytest
from scrapy.settings import Settings, default_settings

from n8n_scraper.given_settings import check_given, complaint


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("CONCURRENT_REQUESTS", "x", "must be a number"),
        ("DOWNLOAD_DELAY", "0.5", None),
        ("DOWNLOAD_TIMEOUT", "8s", "must be a number"),
        ("ROBOTSTXT_OBEY", "maybe", "must be True or False"),
        ("ROBOTSTXT_OBEY", "False", None),
        ("ROBOTSTXT_OBEY", "0", None),
        ("COOKIES_ENABLED", "True", "this project has it off for good"),
        ("COOKIES_ENABLED", "False", None),
        ("REMOTE_CONTROL_ENABLED", "1", "this project has it off for good"),
        ("LOG_LEVEL", "abc", "must be one of CRITICAL"),
        ("LOG_LEVEL", "debug", "must be one of CRITICAL"),
        ("LOG_LEVEL", "DEBUG", None),
        ("LOG_LEVEL", 10, None),
        ("LOG_FILE", "/proc/nowhere/log", "it cannot be written (No such file or directory)"),
        ("LOG_FILE", None, None),
        ("JOBDIR", "anything", None),
        ("OF_SOMEBODY_ELSE", "x", None),
    ],
)
def test_what_scrapy_would_stumble_over_is_told(name: str, value: object, wrong: str | None) -> None:
    told = complaint({name: value}, vars(default_settings))
    if wrong is None:
        assert told is None
    else:
        assert told is not None
        assert told.startswith(f"Setting {name} = {value}: {wrong}")


def test_only_what_was_given_is_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings({"CONCURRENT_REQUESTS": "x"}, priority="project")
    settings.set("LOG_FILE", str(tmp_path / "log"), priority="cmdline")
    check_given(settings)
    settings.set("DOWNLOAD_TIMEOUT", "soon", priority="cmdline")
    with pytest.raises(SystemExit, match="n8n_scraper: Setting DOWNLOAD_TIMEOUT = soon: must be a number"):
        check_given(settings)
