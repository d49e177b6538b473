"""The replica as a process: it starts, refuses, logs, and always ends."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.layers.image_file import SUFFIXES, read_image
from n8n_scraper.replica.options import Latency, Options
from n8n_scraper.replica.process import running_replica
from n8n_scraper.replica.routes import HOSTS
from n8n_scraper.replica.server import Replica

from ..waiting import PATIENCE, free_port

Ask = Callable[..., Any]
ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "n8n_scraper.replica", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--cuont", "5"], "unrecognized arguments: --cuont 5"),
        (["5"], "unrecognized arguments: 5"),
        (["--count", "-1"], "argument --count: '-1': must be a whole number from 0 to 10000000"),
        (["--traps", "1.5"], "argument --traps: '1.5': must be a share from 0 to 1"),
        (["--latency", "fast"], "argument --latency: 'fast': must be seconds like 0.3, or from-to"),
        (["--latency", "0.5-0.1"], "argument --latency: '0.5-0.1': must be seconds"),
        (["--site-port", "70000"], "argument --site-port: '70000': must be a whole number from 0 to 65535"),
        (["--api-robots", "shut"], "invalid choice: 'shut'"),
        (["--bind", "0.0.0.0"], "A replica listens on 127.0.0.1 only, not on 0.0.0.0"),
        (["--bind", "localhost"], "A replica listens on 127.0.0.1 only, not on localhost"),
        (["--corpus", "/nowhere/x.jsonl"], "Corpus /nowhere/x.jsonl: No such file or directory"),
        (["--faults", "/nowhere/x.json"], "Fault plan /nowhere/x.json: No such file or directory"),
        (["--access-log", "/nowhere/x.log"], "Access log /nowhere/x.log: No such file or directory"),
        (["--ids", "/nowhere/ids.txt"], "File for ids /nowhere/ids.txt: No such file or directory"),
    ],
)
def test_a_bad_start_is_refused(arguments: list[str], complaint: str) -> None:
    done = run(*arguments)
    assert done.returncode in {1, 2}
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_ctrl_c_in_the_terminal_of_its_user_does_not_reach_it() -> None:
    with running_replica(count=1) as replica:
        assert os.getsid(replica.pid) != os.getsid(0)


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--api-port", str(port))
    assert done.returncode == 1
    assert f"Port {port} for the api cannot be used" in done.stderr


def test_it_listens_on_loopback_only() -> None:
    with running_replica(count=1) as replica:
        listening = [c.laddr.ip for c in psutil.Process(replica.pid).net_connections() if c.status == "LISTEN"]
    assert listening == ["127.0.0.1"] * len(HOSTS)


def test_chosen_ports_and_the_line_that_is_printed() -> None:
    ports = [free_port() for _ in range(4)]
    hosts = ("site", "api", "youtube", "media")
    options = [f"--{host}-port={port}" for host, port in zip(hosts, ports, strict=True)]
    command = [sys.executable, "-m", "n8n_scraper.replica", *options, "--count=3"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    site, api, youtube, media = (f"http://127.0.0.1:{port}" for port in ports)
    assert line.rstrip() == (
        f"Replica with 3 templates: site {site}, API {api}, YouTube {youtube}, images {media}; crawl it with "
        f"-s N8N_SCRAPER_SITE_URL={site} -s N8N_SCRAPER_API_URL={api} -s N8N_SCRAPER_YOUTUBE_URL={youtube}"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_even_while_requests_wait(number: signal.Signals) -> None:
    with running_replica(count=1, faults=[{"kind": "no_answer"}]) as replica:
        connection = http.client.HTTPConnection(replica.api_url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/api/health")
        process = psutil.Process(replica.pid)
        process.send_signal(number)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
        connection.close()
        gone, _ = psutil.wait_procs([process], timeout=PATIENCE)
    assert gone == [process]


def test_it_ends_when_its_parent_is_killed() -> None:
    code = (
        "import time\n"
        "from n8n_scraper.replica.process import running_replica\n"
        "with running_replica(count=1) as replica:\n"
        "    print(replica.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        process = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
        gone, _ = psutil.wait_procs([process], timeout=PATIENCE)
    assert gone == [process]


def test_the_block_ends_it_also_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), running_replica(count=1) as replica:
        raise ZeroDivisionError
    assert not psutil.pid_exists(replica.pid)


def test_access_log(tmp_path: Path, ask: Ask) -> None:
    path = tmp_path / "access.jsonl"
    before = time.monotonic()
    with running_replica(count=3, access_log=path) as replica:
        ask(f"{replica.site_url}/robots.txt")
        ask(f"{replica.api_url}/api/templates/search?rows=1")
        ask(f"{replica.api_url}/api/templates/workflows/999999")
        ask(f"{replica.site_url}/__stats")
        entries = replica.entries()
        assert replica.stats()["by_host"] == {"api": 2, "site": 1}
        assert replica.stats()["by_status"] == {"200": 2, "404": 1}
    assert [{name: value for name, value in entry.items() if name not in {"t", "seconds"}} for entry in entries] == [
        {"host": "site", "path": "/robots.txt", "status": 200, "id": None},
        {"host": "api", "path": "/api/templates/search?rows=1", "status": 200, "id": None},
        {"host": "api", "path": "/api/templates/workflows/999999", "status": 404, "id": 999999},
    ]
    moments = [entry["t"] for entry in entries]
    assert before < moments[0] < moments[1] < moments[2] < time.monotonic()
    assert all(0 <= entry["seconds"] < entry["t"] for entry in entries)
    with running_replica(count=3, access_log=path) as replica:
        ask(f"{replica.site_url}/robots.txt")
    assert path.read_text().count("\n") == 4, "a log is appended to"


def test_requests_from_another_address_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "access.jsonl"
    with running_replica(count=1, access_log=path) as replica:
        replica.set_faults({"client": "127.0.0.2", "kind": "403"})
        statuses = []
        for address in ("127.0.0.1", "127.0.0.2"):
            connection = http.client.HTTPConnection(
                replica.site_url.removeprefix("http://"), timeout=20, source_address=(address, 0)
            )
            connection.request("GET", "/robots.txt")
            statuses.append(connection.getresponse().status)
            connection.close()
        assert statuses == [200, 403]
        assert [entry.get("client") for entry in replica.entries()] == [None, "127.0.0.2"]


def test_ids_are_written(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    with running_replica(count=20, ids=path) as replica:
        listed = [row["id"] for row in replica.library() if row["listed"]]
    assert path.read_text() == "".join(f"{id}\n" for id in listed)


def test_latency(ask: Ask) -> None:
    with running_replica(count=1, latency="0.2-0.3") as replica:
        begun = time.monotonic()
        ask(f"{replica.api_url}/api/health")
        assert time.monotonic() - begun >= 0.2


def test_latency_is_seeded_and_inside_its_limits() -> None:
    def drawn(seed: int) -> list[float]:
        source = Options(seed=seed, latency=Latency.parse("0.1-0.5")).random_latency()
        return [source() for _ in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 0.1 <= min(drawn(1)) < 0.15
    assert 0.45 < max(drawn(1)) <= 0.5
    assert Options(latency=Latency.parse("0.3")).random_latency()() == 0.3


def test_a_closed_api(ask: Ask) -> None:
    with running_replica(count=1, api_robots="closed") as replica:
        assert ask(f"{replica.api_url}/robots.txt").text == "User-agent: *\nDisallow: /\n"
        assert "Disallow: /\n" not in ask(f"{replica.site_url}/robots.txt").text


def test_pictures_of_its_own(ask: Ask) -> None:
    with running_replica(count=150, images="self", icons=0) as replica:
        row = next(row for row in replica.library() if row["trap"] == "note_image")
        text = ask(f"{replica.api_url}/api/templates/workflows/{row['id']}").text
        address = text.partition("![Guide](")[2].partition(")")[0]
        assert address.startswith(f"{replica.media_url}/images/")
        assert SUFFIXES[read_image(ask(address).body, 10**6).format] == address.rpartition(".")[2]


def test_in_this_process(ask: Ask) -> None:
    async def crawl() -> tuple[int, dict[str, Any]]:
        replica = Replica(Options(count=2))
        await replica.start()
        try:
            answer = await asyncio.to_thread(ask, f"{replica.api_url}/api/health")
            return answer.status, replica.traffic.as_dict()
        finally:
            await replica.stop()

    status, stats = asyncio.run(crawl())
    assert (status, stats["requests"]) == (200, 1)


def test_any_other_address_is_refused() -> None:
    with pytest.raises(StartError, match=r"127\.0\.0\.1 only, not on 192\.168\.0\.1"):
        Options(bind="192.168.0.1")
