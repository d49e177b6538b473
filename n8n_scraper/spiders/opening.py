"""What has to be there before a crawl starts: a folder for its files, and its job."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from n8n_scraper.arguments import Arguments, split_layers
from n8n_scraper.exceptions import NothingToDo, StartError
from n8n_scraper.export.manifest import ManifestError, read_manifest
from n8n_scraper.setting_rules import is_loopback
from n8n_scraper.store.jobs import task_key

if TYPE_CHECKING:
    from n8n_scraper.store.jobs import Job
    from n8n_scraper.store.session import Session

logger = logging.getLogger(__name__)


def check_export_dir(folder: str, site_url: str) -> None:
    """Better told now than after the traffic.

    Raises:
        StartError: it cannot be made or written to, or has the rows of the real site while we crawl a stand-in.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"Setting N8N_SCRAPER_EXPORT_DIR = {folder}: it cannot be made, or is a file ({error.strerror})."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(
            f"Setting N8N_SCRAPER_EXPORT_DIR = {folder}: this user may not write there; give another folder."
        )
    _keep_real_rows(Path(folder), site_url)


def _keep_real_rows(folder: Path, site_url: str) -> None:
    try:
        site = read_manifest(folder).site
    except ManifestError:
        return
    if _is_stand_in(site_url) and not _is_stand_in(site):
        raise StartError(
            f"Setting N8N_SCRAPER_EXPORT_DIR = {folder}: it has the snapshot of {site}, which made-up rows"
            f" of {site_url} must not replace; give another folder."
        )


def _is_stand_in(address: str) -> bool:
    return is_loopback(urlsplit(address).hostname or "")


def _make_jobdir(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StartError(f"Setting JOBDIR = {folder}: it is a file; give a folder, which need not exist yet.") from None
    except OSError as error:
        raise StartError(f"Setting JOBDIR = {folder}: it cannot be made ({error.strerror}); give another.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(f"Setting JOBDIR = {folder}: this user may not write there; give another folder.")


def _job_key(arguments: Arguments, jobdir: str | None) -> str | None:
    if arguments.task is not None:
        return task_key(arguments.task)  # the same on every machine
    return str(Path(jobdir).resolve()) if jobdir else None


def take_job(session: Session, arguments: Arguments, jobdir: str | None) -> tuple[Job, Arguments]:
    """The job of that folder, a new one without, and the arguments that count: those of its first start.

    Raises:
        StartError: the folder is a file, or another crawl has the job.
        NothingToDo: the job is finished.
    """
    if jobdir:
        _make_jobdir(Path(jobdir))
    job = session.take_job(_job_key(arguments, jobdir), arguments.as_json())
    has_others = arguments.task is None and job.arguments != arguments.as_json()
    if job.is_finished:
        other = " It was begun with other arguments than these." if has_others else ""
        raise NothingToDo(
            f"Job {job.key} is finished: nothing is left of it.{other} Another JOBDIR, or none, crawls again."
        )
    if job.is_prepared and has_others:
        logger.warning("Job %s goes on with the arguments and ids of its first start: %s", job.key, job.arguments)
    fixed: dict[str, Any] = {name: job.arguments[name] for name in ("limit", "page", "render", "refresh")}
    return job, replace(arguments, **fixed, **split_layers(job.arguments["layers"]))
