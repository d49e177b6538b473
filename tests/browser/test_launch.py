from __future__ import annotations

import os
from pathlib import Path

import pytest

from n8n_scraper.browser.launch import find_browser, launch_options, why_not_started
from n8n_scraper.exceptions import StartError


def _program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_browser_of_the_setting_then_of_the_system_then_playwrights_own(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path / "bin"), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "own")}
    assert find_browser("", environment) is None
    own = _program(tmp_path / "own/chromium-1234/chrome-linux64/chrome")
    assert find_browser("", environment) == own
    system = _program(tmp_path / "bin/chromium")
    assert find_browser("", environment) == system
    mine = _program(tmp_path / "mine")
    assert find_browser(mine, environment) == mine


@pytest.mark.parametrize("configured", ["/nowhere/chromium", "/etc/passwd", "/tmp"])
def test_a_setting_that_names_no_program_is_refused(configured: str) -> None:
    with pytest.raises(StartError, match=f"N8N_SCRAPER_CHROMIUM = {configured}"):
        find_browser(configured)


def test_the_browser_has_no_network_no_secrets_and_bounds() -> None:
    options = launch_options("/usr/bin/chromium", {"PATH": "/bin", "DATABASE_URL": "postgresql://secret"})
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in options["args"]
    assert any("max-old-space-size" in argument for argument in options["args"])
    assert options["env"] == {"PATH": "/bin"}
    assert options["chromium_sandbox"] == (os.geteuid() != 0)


def test_why_it_was_not_started_is_one_line() -> None:
    assert why_not_started("BrowserType.launch: closed\nlogs:\n…") == "BrowserType.launch: closed"
    assert "chromium-sandbox" in why_not_started("BrowserType.launch: closed\n[err] FATAL: No usable sandbox! If …")
