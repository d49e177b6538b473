"""A real scrapyd: the egg that scrapyd-deploy makes of a checkout, crawls that it runs, and crawls that outlive it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil
import psycopg2
import pytest

from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.store.embedded import EmbeddedPostgres

from ..waiting import PATIENCE, free_port, wait_until

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("scrapyd", "scrapyd_client"))), reason="pip install -e '.[scrapyd]'"
)
ROOT = Path(__file__).parents[2]
USER, PASSWORD = "n8n", "only-for-this-test"
README = (ROOT / "n8n_scraper" / "ops" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout: making an egg leaves files behind."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE", "scrapy.cfg"):
        shutil.copy(ROOT / name, folder)
    for name in ("n8n_scraper", "tests/ops"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def egg(checkout: Path) -> Path:
    command = [sys.executable, "-m", "scrapyd_client.deploy", "--build-egg", str(checkout / "project.egg")]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return checkout / "project.egg"


def test_the_egg_holds_the_sql_and_no_tests(egg: Path) -> None:
    names = zipfile.ZipFile(egg).namelist()
    data = {f"n8n_scraper/{file.relative_to(ROOT / 'n8n_scraper')}" for file in (ROOT / "n8n_scraper").rglob("*.sql")}
    assert len(data) > 1
    assert data <= set(names)
    assert {"n8n_scraper/ops/alerts.yml", "n8n_scraper/ops/dashboard.json"} <= set(names)
    assert [name for name in names if not name.startswith(("n8n_scraper/", "EGG-INFO/"))] == []


def test_the_egg_has_our_commands_and_wants_absolute_paths(egg: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(egg), "SCRAPY_SETTINGS_MODULE": "n8n_scraper.settings"}

    def scrapy(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "scrapy", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return done.returncode, done.stdout + done.stderr

    listed = scrapy()[1]
    assert all(f"\n  {path.stem} " in listed for path in (ROOT / "n8n_scraper" / "commands").glob("[a-z]*.py"))
    code, said = scrapy("export")
    assert code == 1
    assert "N8N_SCRAPER_DATA_DIR" in said
    assert "give an absolute path" in said


@dataclass
class Scrapyd:
    """A scrapyd with a folder of its own, whose jobs know store, exports and replica from its environment."""

    folder: Path
    home: Path
    """Where .netrc has user and password."""
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        (shown,) = re.findall(r"```ini\n(\[scrapyd\].*?)```", README, re.S)
        config = shown.replace("password = …", f"password = {PASSWORD}") + f"http_port = {self.port}\n"
        (self.folder / "scrapyd.conf").write_text(config, encoding="utf-8")
        with (self.folder / "scrapyd.log").open("ab") as log:
            command = [sys.executable, "-m", "scrapyd", "--pidfile="]
            process = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        self.processes.append(process)
        wait_until(lambda: self.ask("daemonstatus.json"))

    def ask(self, service: str, password: str = PASSWORD, **form: str) -> dict[str, Any]:
        head = {"Authorization": f"Basic {b64encode(f'{USER}:{password}'.encode()).decode()}"}
        body = urlencode(form).encode() if service in {"schedule.json", "cancel.json"} else None
        query = "" if body else f"?{urlencode(form)}"
        request = Request(f"http://127.0.0.1:{self.port}/{service}{query}", data=body, headers=head)
        with urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def schedule(self, **arguments: str) -> str:
        answer = self.ask("schedule.json", project="n8n_scraper", spider="workflows", **arguments)
        assert answer["status"] == "ok", answer
        return str(answer["jobid"])

    def has_ended(self, job: str) -> bool:
        return bool(self.ask("status.json", job=job)["currstate"] == "finished")

    def crawls(self) -> list[psutil.Process]:
        """All crawls of this scrapyd that run, orphans too."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if "scrapyd.runner" in (line := process.info["cmdline"] or []) and str(self.folder) in " ".join(line)
        ]

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
            process.wait(PATIENCE)
        for crawl in self.crawls():
            crawl.kill()


@pytest.fixture(scope="module")
def store(postgres: EmbeddedPostgres, _template: str) -> str:
    """One for all tests here: what a crawl left is told by its row in the ledger."""
    with closing(psycopg2.connect(postgres.dsn("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create database scrapyd template {_template}")
    return postgres.dsn("scrapyd")


@pytest.fixture(scope="module")
def replica() -> Iterator[RunningReplica]:
    with running_replica(count=30, latency="0.02-0.1") as running:
        yield running


@pytest.fixture(scope="module")
def scrapyd(
    checkout: Path, egg: Path, tmp_path_factory: pytest.TempPathFactory, replica: RunningReplica, store: str
) -> Iterator[Scrapyd]:
    folder = tmp_path_factory.mktemp("scrapyd")
    settings = {
        **replica.settings,
        "DATABASE_URL": store,
        "N8N_SCRAPER_DATA_DIR": str(folder / "data"),
        "N8N_SCRAPER_EXPORT_DIR": str(folder / "exports"),
    }
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with closing(Scrapyd(folder, checkout, {**environment, **settings})) as running:
        running.start()
        deploy(checkout, egg, running.port)
        yield running


def deploy(checkout: Path, egg: Path, port: int) -> None:
    """With user and password in ~/.netrc, as the README says."""
    text = (ROOT / "scrapy.cfg").read_text(encoding="utf-8")
    assert "url = http://127.0.0.1:6800/\n" in text
    (checkout / "scrapy.cfg").write_text(text.replace(":6800/", f":{port}/"), encoding="utf-8")
    netrc = checkout / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n", encoding="utf-8")
    netrc.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "scrapyd_client.deploy", "--egg", str(egg)],
        cwd=checkout,
        env={**os.environ, "HOME": str(checkout)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert '"status": "ok"' in done.stdout, done.stdout + done.stderr


Run = tuple[str, str, int]
"""Name, close reason, exit code."""


def runs(store: str) -> list[Run]:
    """Those that have ended, in order of their start."""
    with closing(psycopg2.connect(store)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select run_id, close_reason, exit_code from runs where ended_at is not null order by started_at"
        )
        return cursor.fetchall()


def test_who_has_no_password_is_refused(scrapyd: Scrapyd) -> None:
    with pytest.raises(HTTPError) as refused:
        scrapyd.ask("listprojects.json", password="wrong")
    with refused.value:
        assert refused.value.code == 401


def test_a_scheduled_crawl_finds_store_exports_and_ids(scrapyd: Scrapyd, store: str) -> None:
    assert scrapyd.ask("listspiders.json", project="n8n_scraper")["spiders"] == ["workflows"]
    ids = scrapyd.folder / "ids.txt"
    ids.write_text("1\n2\n3\n", encoding="utf-8")
    job = scrapyd.schedule(ids=str(ids), setting="N8N_SCRAPER_REQUESTS_PER_SECOND=0")
    wait_until(lambda: scrapyd.has_ended(job))
    run_id, reason, code = runs(store)[-1]
    assert (reason, code) == ("finished", 0)
    files = {file.name for file in (scrapyd.folder / "exports" / "runs" / run_id).iterdir()}
    assert {"workflows.parquet", "stats.json", "metrics.prom"} <= files
    rows = (scrapyd.folder / "exports" / "workflows.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)["id"] for row in rows] == [1, 2, 3]


def test_how_a_crawl_ended_is_in_the_ledger(scrapyd: Scrapyd, replica: RunningReplica, store: str) -> None:
    """Scheduled as the README says."""
    replica.set_faults({"route": "sitemap", "kind": "403"})
    (call,) = re.findall("^curl .*", README, re.M)
    call = call.replace(":6800/", f":{scrapyd.port}/")
    home = {**os.environ, "HOME": str(scrapyd.home)}
    done = subprocess.run(call.split(), env=home, capture_output=True, text=True, timeout=PATIENCE, check=True)
    job = json.loads(done.stdout)["jobid"]
    wait_until(lambda: scrapyd.has_ended(job))
    replica.set_faults()
    assert runs(store)[-1][1:] == ("blocked", 3)


def test_crawls_that_outlive_scrapyd_share_the_rate_with_new_ones(
    scrapyd: Scrapyd, replica: RunningReplica, store: str
) -> None:
    """Two at once, scrapyd killed, a third beside them: together never more than 2 requests a second."""
    runs_before, requests_before = len(runs(store)), len(replica.entries())
    for ids in ("11,12,13,14,15,16", "17,18,19,20,21,22"):
        scrapyd.schedule(ids=ids, page="no")
    wait_until(lambda: len(replica.entries()) >= requests_before + 6)
    orphans = scrapyd.crawls()
    assert len(orphans) == 2
    scrapyd.processes[-1].send_signal(signal.SIGKILL)
    scrapyd.processes[-1].wait(PATIENCE)
    scrapyd.start()
    assert scrapyd.ask("daemonstatus.json")["running"] == 0  # it knows nothing of them
    assert all(orphan.is_running() for orphan in orphans)
    scrapyd.schedule(ids="23,24,25", page="no")
    wait_until(lambda: len(runs(store)) == runs_before + 3, 120)
    assert [run[1:] for run in runs(store)[runs_before:]] == [("finished", 0)] * 3
    moments = [entry["t"] for entry in replica.entries()[requests_before:]]
    assert len(moments) >= 25
    together = {seconds: busiest(moments, seconds) for seconds in (1, 10)}
    print(f"{len(moments)} requests in {moments[-1] - moments[0]:.1f} s; most in 1 s and in 10 s: {together}")
    assert together[1] <= 3
    assert together[10] <= 21


def busiest(moments: list[float], seconds: float) -> int:
    """The most requests that arrived within so many seconds."""
    return max(sum(start <= other < start + seconds for other in moments) for start in moments)
