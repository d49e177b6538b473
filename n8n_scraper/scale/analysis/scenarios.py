"""``scrapy scale report``, ``gate`` and ``baseline``: what to do with the folder that a run left."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from n8n_scraper.exceptions import StartError
from n8n_scraper.project import project_root
from n8n_scraper.report.write import write_report
from n8n_scraper.scale.analysis import gate as gates
from n8n_scraper.scale.analysis import retry
from n8n_scraper.scale.analysis.analysed import Analysed, read
from n8n_scraper.scale.analysis.baseline_file import (
    FILE_NAME,
    baseline_of,
    choose_baseline,
    read_baselines,
    save_baseline,
)
from n8n_scraper.scale.analysis.report import scale_report
from n8n_scraper.scale.run_folder import RUN, read_folder

Say = Callable[..., None]


def report(opts: argparse.Namespace, say: Say) -> bool:
    """Written into the run's folder, whatever its verdict."""
    seen = _read(_one(opts), opts)
    document = scale_report(seen)
    try:
        paths = write_report(document, seen.found.path)
    except OSError as error:
        raise StartError(f"{error.filename or seen.found.path}: {error.strerror}.") from None
    say(f"{document.title}: {document.verdict}", *paths)
    return True


def gate(opts: argparse.Namespace, say: Say) -> bool:
    """A run that others disturbed, and nothing else is wrong with, is tried again; then it counts with a flag."""
    folder = _one(opts)
    seen = _read(folder, opts)
    for number in range(1, opts.retries + 1):
        if not gates.must_retry(seen):
            break
        say(*gates.lines(seen), f"  tried again, {number} of {opts.retries}")
        seen = _read(_run_again(seen, folder.with_name(f"{folder.name}-retry-{number}")), opts)
    say(*gates.lines(seen))
    return gates.is_passed(seen)


def baseline(opts: argparse.Namespace, say: Say) -> bool:
    if not opts.folders:
        raise StartError("scrapy scale baseline takes the folders of one run or of several: FOLDER …")
    saved, path = baseline_of(list(map(read_folder, opts.folders))), opts.baseline or opts.home / FILE_NAME
    save_baseline(path, saved)
    quiet = sum(not run.is_disturbed for run in saved.runs)
    say(f"{path}: {saved.conditions}; {len(saved.runs)} runs, {quiet} of them undisturbed")
    return True


def _one(opts: argparse.Namespace) -> Path:
    if len(opts.folders) != 1:
        raise StartError(f"This takes the folder of one scale run; got {len(opts.folders)}.")
    [folder] = opts.folders
    return Path(folder)


def _read(folder: Path, opts: argparse.Namespace) -> Analysed:
    """With the baseline that fits; the usual one need not be there."""
    seen, path = read(folder), opts.baseline or opts.home / FILE_NAME
    if not opts.baseline and not path.exists():
        return seen
    fitting, refusal = choose_baseline(read_baselines(path), seen.conditions)
    return replace(seen, baseline=fitting, refusal=refusal)


def _run_again(seen: Analysed, folder: Path) -> Path:
    words = retry.words(seen.found)
    if (folder / RUN).exists():
        raise StartError(f"{folder} holds an earlier retry: remove it, or judge it by itself.")
    _start(words, folder)
    return folder


def _start(words: list[str], folder: Path) -> None:
    command = [sys.executable, "-m", "scrapy", *words, "--out", str(folder)]
    subprocess.run(command, cwd=project_root() or Path.cwd(), check=False)  # noqa: S603 - our own command
