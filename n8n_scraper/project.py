"""The project around a command: where scrapy.cfg is, and the settings read relative to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scrapy.utils.conf import closest_scrapy_cfg

from n8n_scraper.config import Config


def project_root() -> Path | None:
    """The folder of the closest scrapy.cfg, None where there is none (in an egg)."""
    found = closest_scrapy_cfg()
    return Path(found).parent if found else None


def load_config(settings: Mapping[str, Any] | None) -> Config:
    """Our settings, checked, with their paths relative to the folder of scrapy.cfg.

    Raises:
        StartError: naming the setting, its value and what is allowed.
    """
    return Config.from_settings(settings or {}, project_root())
