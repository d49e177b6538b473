"""Workers on trial: several ``scrapy work run`` on one store, that can be killed, frozen and looked at.

The store's server is kept by us in the role of one that DATABASE_URL names, and goes with the block.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.project import project_root
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale import audit
from n8n_scraper.scale.trial import Trial, rows_of
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.embedded_place import prepare_place
from n8n_scraper.store.embedded_process import postmaster

POLL_SECONDS = 0.1
LEASE = 6.0
"""Seconds; short, so that a drill need not wait long."""
_RUNNING = """
select t.id as task, t.kind, w.pid from work_tasks t
join procrastinate.procrastinate_jobs q on (q.args ->> 'task')::bigint = t.id and q.status = 'doing'
join work_workers w on w.worker_id = q.worker_id order by t.id
"""


@dataclass
class Team:
    """``trial`` is the store, the replica and the settings of all."""

    trial: Trial
    server: EmbeddedPostgres
    lease: float = LEASE
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def do(self, *words: str, **settings: object) -> str:
        """A ``scrapy work`` command to its end; what it said.

        Raises:
            StartError: it failed.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            self._command(words, settings), capture_output=True, text=True, check=False, timeout=120, **self._place()
        )
        if done.returncode:
            raise StartError(f"scrapy work {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        said: str = done.stdout
        return said

    def start(self, *words: str, **settings: object) -> subprocess.Popen[bytes]:
        """One more worker; it ends when nothing is left."""
        command = self._command(("run", "--lease", str(self.lease), "--until-done", *words), settings)
        with self.trial.log.open("ab") as log:
            worker = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, **self._place()
            )
        self.workers.append(worker)
        return worker

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return rows_of(self.server.dsn(), statement, *values)

    def running(self) -> list[dict[str, Any]]:
        """Tasks in hands: ``task``, ``kind`` and the ``pid`` of its worker."""
        return self.rows(_RUNNING)

    def done_count(self) -> int:
        """Committed rows."""
        count: int = self.rows("select count(*) from job_ids where is_done")[0]["count"]
        return count

    def wait_for(self, condition: Callable[[], Any], seconds: float = 120) -> float:
        """Seconds until the condition is true.

        Raises:
            StartError: it did not become true in time.
        """
        began = time.monotonic()
        while not condition():
            if time.monotonic() > began + seconds:
                raise StartError(f"It did not happen in {seconds:g} seconds: see {self.trial.log}.")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - began

    def wait_for_end(self, seconds: float = 300) -> float:
        """Seconds until all workers that live have ended by themselves."""
        return self.wait_for(lambda: all(worker.poll() is not None for worker in self.workers), seconds)

    def restart_server(self) -> None:
        """The database dies at once, and comes back."""
        process = postmaster(prepare_place(self.server.root))
        if process is not None:
            process.kill()
            process.wait(20)
        self.server.revive()

    def found(self) -> tuple[dict[int, audit.Row], list[int]]:
        """All rows, and ids that were stored twice."""
        dsn = self.server.dsn()
        return audit.stored_rows(dsn), audit.stored_twice(dsn)

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()

    def _command(self, words: tuple[str, ...], settings: Mapping[str, object]) -> list[str]:
        given = {
            name: value for name, value in self.trial.all_settings.items() if name not in {"JOBDIR", "DATABASE_URL"}
        }
        options = [f"{name}={value}" for name, value in {**given, **settings}.items()]
        return [sys.executable, "-m", "scrapy", "work", *words, *(word for one in options for word in ("-s", one))]

    def _place(self) -> dict[str, Any]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("N8N_SCRAPER_")}
        return {"cwd": project_root() or Path.cwd(), "env": {**kept, "DATABASE_URL": self.server.dsn()}}


@contextmanager
def team(folder: Path, replica: RunningReplica, settings: Mapping[str, Any], lease: float = LEASE) -> Iterator[Team]:
    """A store of its own with nothing in it; every commit of a row is noted."""
    folder.mkdir(mode=0o711, exist_ok=True)
    with EmbeddedPostgres(folder / "data" / "postgres") as server:
        trial = Trial(folder, replica, {"DATABASE_URL": server.dsn(), **settings})
        with trial.store() as dsn:
            audit.note_commits(dsn)
        members = Team(trial, server, lease)
        try:
            yield members
        finally:
            members.close()
    trial.close()
    shutil.rmtree(folder, ignore_errors=True)
