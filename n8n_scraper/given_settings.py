"""Scrapy's own settings as a user gave them, looked at before Scrapy stumbles over them with a traceback."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings, default_settings

_FLAGS = ("True", "true", "False", "false")
_LEFT_OUT = ("COOKIES_ENABLED", "REMOTE_CONTROL_ENABLED")  # settings.py takes their components out of Scrapy's lists


def check_given(settings: BaseSettings) -> None:
    """End the program with one sentence when a value given on the command line cannot be what Scrapy takes."""
    given = {
        name: settings.get(name)
        for name in settings
        if (settings.getpriority(name) or 0) >= SETTINGS_PRIORITIES["cmdline"]
    }
    if sentence := complaint(given, vars(default_settings)):
        sys.exit(f"n8n_scraper: {sentence}")


def complaint(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> str | None:
    """The first that is wrong, in a sentence: a flag, a number, a level of the log, its file, what is off here."""
    for name, value in given.items():
        wrong = _LOG[name](value) if name in _LOG else _not_like(defaults.get(name), value)
        if name in _LEFT_OUT and str(value) not in ("False", "false", "0"):
            wrong = "this project has it off for good; leave it out"
        if wrong:
            return f"Setting {name} = {value}: {wrong}."
    return None


def _not_like(default: Any, value: Any) -> str | None:
    is_number = _is_number(value)
    if isinstance(default, bool):
        return None if is_number or str(value) in _FLAGS else "must be True or False"
    if isinstance(default, (int, float)):
        return None if is_number else "must be a number"
    return None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _no_level(value: Any) -> str | None:
    is_level = isinstance(value, int) or isinstance(logging.getLevelName(value), int)
    return None if is_level else "must be one of CRITICAL, ERROR, WARNING, INFO, DEBUG"


def _no_log_file(value: Any) -> str | None:
    if not value:
        return None
    try:
        Path(value).open("a").close()
    except OSError as error:
        return f"it cannot be written ({error.strerror}); give another file"
    return None


_LOG = {"LOG_LEVEL": _no_level, "LOG_FILE": _no_log_file}
