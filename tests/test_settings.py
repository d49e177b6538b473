from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from scrapy.settings import Settings

from .waiting import PATIENCE

ROOT = Path(__file__).parents[1]


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


@pytest.mark.parametrize(
    ("error", "said"), [("KeyboardInterrupt", "n8n_scraper: Interrupted."), ("OSError", "OSError")]
)
def test_a_ctrl_c_where_nobody_waits_for_it_is_one_sentence(error: str, said: str) -> None:
    command = [sys.executable, "-c", f"import n8n_scraper.settings; raise {error}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == (-signal.SIGINT if error == "KeyboardInterrupt" else 1)
    assert done.stderr.splitlines()[-1] == said
    assert ("Traceback" in done.stderr) == (error == "OSError")
