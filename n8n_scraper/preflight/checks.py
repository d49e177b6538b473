"""What is looked at before a crawl. Each check gives findings; none changes anything but a store that is empty."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal, NamedTuple

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor

from n8n_scraper.config import Config
from n8n_scraper.export.check import NAMES, check_sums
from n8n_scraper.export.manifest import FILE_NAME, ManifestError, read_manifest
from n8n_scraper.live_view import age
from n8n_scraper.setting_rules import PREFIX
from n8n_scraper.store import run_states
from n8n_scraper.store.condition import Condition, read_condition
from n8n_scraper.store.database import LOCKED, check_server, connect
from n8n_scraper.store.migrations import migrate
from n8n_scraper.store.run_states import RunState

Verdict = Literal["ok", "warn", "FAIL"]
TOO_SMALL, SMALL = 256_000_000, 2_000_000_000
"""Free bytes under which nothing can be done, and under which a whole library with its exports may not fit."""


class Finding(NamedTuple):
    verdict: Verdict
    what: str
    said: str


def check_store(dsn: str, config: Config) -> Finding:
    """Raises:
    StartError: it cannot be reached or used.
    """
    try:
        with closing(connect(dsn)) as connection:
            check_server(connection)
            condition = read_condition(connection)
            is_new = not condition.applied and not condition.refusal
            if is_new:  # whether its tables can be made is part of the question
                migrate(connection)
                condition = read_condition(connection)
    except psycopg2.errors.LockNotAvailable:
        return Finding("FAIL", "store", LOCKED)
    return _judge_store(condition, config, is_new=is_new)


def _judge_store(condition: Condition, config: Config, *, is_new: bool) -> Finding:
    server = f"PostgreSQL {condition.server_version}{'' if config.database_url else ', embedded'}"
    ours = (config.site_url, config.api_url)
    if condition.refusal:
        return Finding("FAIL", "store", condition.refusal)
    if condition.site and condition.site != ours:
        theirs = " and ".join(condition.site)
        return Finding("FAIL", "store", f"it was made for {theirs}, the settings say {' and '.join(ours)}")
    if condition.pending:
        pending = ", ".join(condition.pending)
        return Finding("warn", "store", f"{server}; the next crawl brings it up to date: {pending}")
    made = "made just now, empty" if is_new else f"{sum(condition.rows.values()):,} workflows"
    return Finding("ok", "store", f"{server}; {condition.applied[-1].removesuffix('.sql')} is current; {made}")


def check_disk(folder: Path) -> Finding:
    """Of the folder, or of the closest one above that is there already."""
    try:
        place = _closest(folder)
        if not place.is_dir():
            return Finding("FAIL", "disk", f"{folder}: {place} is a file, and no folder; give another")
        if not os.access(place, os.W_OK | os.X_OK):
            return Finding("FAIL", "disk", f"{folder}: this user may not write to {place}")
        with tempfile.TemporaryDirectory(prefix=".preflight-", dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding("FAIL", "disk", f"{folder}: it cannot be made or written to ({error.strerror}); give another")
    verdict: Verdict = "FAIL" if free < TOO_SMALL else "warn" if free < SMALL else "ok"
    hint = "" if verdict == "ok" else f"; a whole library with its exports needs about {SMALL / 1e9:g} GB"
    return Finding(verdict, "disk", f"{free / 1e9:,.1f} GB free for {folder}{hint}")


def _closest(folder: Path) -> Path:
    """The folder itself, or the closest above it that is there."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    return place


def check_robots(verdicts: Mapping[str, bool | str], config: Config) -> Iterator[Finding]:
    is_nothing_open = not any(verdict is True for verdict in verdicts.values())
    for address, layers in ((config.site_url, "pages"), (config.api_url, "API")):
        verdict = verdicts.get(address, "it was not asked")
        if isinstance(verdict, str):
            yield Finding("FAIL", "robots", f"{address}: {verdict}")
        elif address == config.api_url and not config.api_robotstxt_obey:
            yield Finding("warn", "robots", f"{address}: not asked ({PREFIX}API_ROBOTSTXT_OBEY = False)")
        elif verdict:
            yield Finding("ok", "robots", f"{address}/robots.txt opens the {layers}")
        else:
            hint = ": nothing is left to ask" if is_nothing_open else "" if layers == "pages" else ": no workflow JSON"
            yield Finding(
                "FAIL" if is_nothing_open else "warn", "robots", f"{address}/robots.txt closes the {layers}{hint}"
            )


def check_rate(in_force: float | None, config: Config) -> Finding:
    promised = config.requests_per_second
    if not promised:
        return Finding("ok", "rate", "no limit (a test site)")
    if in_force is None:
        return Finding("warn", "rate", f"{promised:g} requests a second promised; what is in force is not known")
    if in_force < promised:
        said = (
            f"{in_force:g} requests a second in force of {promised:g} promised: the site answered 429, or asks for it"
        )
        return Finding("warn", "rate", said)
    return Finding("ok", "rate", f"{in_force:g} requests a second in force, as promised")


def check_workers(cursor: Cursor) -> Iterator[Finding]:
    states = run_states.never_ended(cursor)
    for state in states:
        yield _judge_worker(state)
    if not states:
        yield Finding("ok", "workers", "no run is under way, and none was left without an end")


def _judge_worker(state: RunState) -> Finding:
    life, process = state.life, f"process {state.pid} on {state.host}" if state.pid else "its process"
    seen = f"last sign of life {age(state.silent_seconds)} ago"
    job = f"JOBDIR {state.job_key}" if state.job_key else "no JOBDIR"
    if life == "running":
        return Finding("warn", "workers", f"{state.run_id} is live ({process}, {job}): it shares the rate")
    if life == "silent":
        return Finding("warn", "workers", f"{state.run_id}: {process} holds its job ({job}) and is silent; {seen}")
    hint = "; the same command goes on" if state.job_key else "; a new crawl asks for the rest"
    return Finding("warn", "workers", f"{state.run_id} never ended and {process} is gone ({job}); {seen}{hint}")


def check_exports(folder: Path) -> Finding:
    """Whether the files of the snapshot are there and have the bytes that the manifest says."""
    try:
        is_file = folder.exists() and not folder.is_dir()
    except OSError as error:
        return Finding("FAIL", "exports", f"{folder} cannot be read ({error.strerror}): give another")
    if is_file:
        return Finding("FAIL", "exports", f"{folder} is a file, and no folder: give another")
    if not any((folder / name).exists() for name in (FILE_NAME, *NAMES)):
        return Finding("ok", "exports", f"none yet in {folder}")
    try:
        manifest = read_manifest(folder)
    except ManifestError as error:
        return Finding("FAIL", "exports", f"{error}; scrapy export renews the files")
    if faults := _sums(folder):
        return Finding("FAIL", "exports", f"{folder}: {' '.join(faults)} scrapy export renews the files")
    return Finding("ok", "exports", f"{manifest.rows:,} rows in {', '.join(manifest.files)}, as the manifest says")


def _sums(folder: Path) -> Sequence[str]:
    try:
        return list(check_sums(folder))
    except OSError as error:
        return [f"{error.filename}: {error.strerror}."]
