"""``scrapy status``: how far a run is, in whatever process it runs or ran; what it left undone, and why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
from psycopg2.extensions import cursor as Cursor
from rich.console import Console, RenderableType
from rich.text import Text
from scrapy.exceptions import UsageError

from n8n_scraper.command import ProjectCommand
from n8n_scraper.exceptions import StartError
from n8n_scraper.live_view import labelled, view
from n8n_scraper.progress import Checkpoint
from n8n_scraper.project import load_config
from n8n_scraper.report.standing import Group
from n8n_scraper.store import checkpoints, jobs, run_states, runs, undone
from n8n_scraper.store.database import connect, existing_store
from n8n_scraper.store.migrations import migrate
from n8n_scraper.store.run_states import Life, RunState

IDS_TOLD = 10
PIPE_WIDTH = 200


class Command(ProjectCommand):
    requires_project = True

    def syntax(self) -> str:
        return "[options] [RUN]"

    def short_desc(self) -> str:
        return "Tell how far a run is, what it left undone, and why"

    def long_desc(self) -> str:
        return "RUN is a run's name or its beginning; without it, the newest. Figures are those of its last checkpoint."

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        group = parser.add_argument_group("Status")
        group.add_argument("--job", metavar="JOBDIR", help="the last run of this job")
        group.add_argument("--json", action="store_true", help="the last checkpoint as JSON, and nothing else")

    def check_words(self, args: list[str]) -> None:
        if len(args) > 1:
            raise UsageError(f"scrapy status takes one run, or none; got: {' '.join(args)}", print_help=False)

    def act(self, args: list[str], opts: argparse.Namespace) -> None:
        if args and opts.job:
            raise UsageError("Give the name of a run or --job, not both", print_help=False)
        config = load_config(self.settings)
        with existing_store(config) as dsn, closing(connect(dsn)) as connection:
            migrate(connection)
            with connection, connection.cursor() as cursor:
                state = _find(cursor, args[0] if args else None, opts.job)
                checkpoint = checkpoints.read_last(cursor, state.run_id)
                if opts.json:
                    print(_as_json(state, checkpoint))
                else:
                    _tell(cursor, state, checkpoint)


def _find(cursor: Cursor, run_id: str | None, jobdir: str | None) -> RunState:
    """Raises:
    StartError: there is no such run.
    """
    if jobdir is not None:
        state, what = run_states.of_job(cursor, str(Path(jobdir).resolve())), f" of the job {jobdir}"
    elif run_id is not None:
        state, what = run_states.of_id(cursor, runs.resolve(cursor, run_id)), ""
    else:
        state, what = run_states.newest(cursor), ""
    if state is None:
        raise StartError(f"The store knows no run{what}.")
    return state


def _as_json(state: RunState, checkpoint: Checkpoint | None) -> str:
    if checkpoint is None:
        raise StartError(f"Run {state.run_id} has no checkpoint: it was over, or killed, before its first second.")
    run = {
        "run_id": state.run_id,
        "state": state.life,
        "close_reason": state.close_reason,
        "exit_code": state.exit_code,
    }
    return orjson.dumps({**checkpoint.as_json(), **run}, option=orjson.OPT_INDENT_2).decode()


def _tell(cursor: Cursor, state: RunState, checkpoint: Checkpoint | None) -> None:
    life = state.life
    head = f"{state.run_id}  {state.told}"
    if checkpoint is None:
        _print(Text(head))
    else:
        saved = (checkpoint.checkpoint_id or 0, checkpoint.timestamp)
        seconds = ((state.ended_at or state.seen_at) - state.started_at).total_seconds()
        _print(view(checkpoint, head, saved, state.now, is_running=life == "running", seconds=seconds))
    failed = undone.failed(cursor, state.run_id, IDS_TOLD)
    rows = [("job", _job(cursor, state, life)), *_groups("failed", failed)]
    if checkpoint and (later := checkpoint.failed - sum(group.workflows for group in failed)) > 0:
        rows.append(("", f"{later:,} more were asked for again by a later run"))
    if state.job_id is not None:
        rows += _groups("left", undone.left(cursor, state.job_id, IDS_TOLD))
    _print(labelled(rows))


def _print(what: RenderableType) -> None:
    """On a terminal as wide as it is; elsewhere every line as long as it is, and without blanks at its end."""
    if sys.stdout.isatty():
        Console().print(what)
        return
    console = Console(width=PIPE_WIDTH)
    with console.capture() as captured:
        console.print(what)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _job(cursor: Cursor, state: RunState, life: Life) -> str:
    if state.job_id is None:
        return "deleted"
    total, done = jobs.count_ids(cursor, state.job_id)
    name = state.job_key or "without a JOBDIR"
    counted = f"{name}: {done:,} of {total:,} done"
    if state.job_is_finished or done == total > 0:
        return counted
    if life == "running" or state.job_is_held:
        return f"{counted}, being crawled"
    return f"{counted}; {'the same command goes on' if state.job_key else 'a new crawl asks for the rest'}"


def _groups(label: str, groups: list[Group]) -> Iterator[tuple[str, str]]:
    for group in groups:
        until = f" until {group.until:%Y-%m-%d %H:%M} UTC" if group.until else ""
        more = ", …" if group.workflows > len(group.ids) else ""
        yield label, f"{group.reason}{until} {group.workflows:,}: {', '.join(map(str, group.ids))}{more}"
        label = ""
