"""Metrics of real crawls: the textfile, a real Pushgateway, a real Prometheus, and all that the dashboard asks it."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from n8n_scraper.completeness import MUST_HAVE
from n8n_scraper.metrics.names import METRICS
from n8n_scraper.replica.process import RunningReplica, running_replica

from ..waiting import PATIENCE, free_port, wait_until
from .conftest import ROOT, Crawler

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("prometheus-pushgateway")),
    reason="apt-get install prometheus prometheus-pushgateway",
)
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """(name, labels) → value, of the text format."""
    return {
        (name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))): float(value)
        for name, labels, value in _SAMPLE.findall(text)
    }


def ask(address: str) -> str:
    with urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


@contextmanager
def running(*command: str | Path, ready: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: ask(ready))
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


class Monitored(NamedTuple):
    prometheus: str
    gateway: str
    began: float
    run_id: str

    def series(self, query: str) -> list[dict[str, Any]]:
        """What Prometheus has of a query since the crawl began, without what is no number."""
        address = f"{self.prometheus}/api/v1/query_range?step=0.5&start={self.began}&end={time.time()}&query="
        found = json.loads(ask(address + quote(query)))["data"]["result"]
        for series in found:
            series["values"] = [float(value) for _, value in series["values"] if not math.isnan(float(value))]
        return [series for series in found if series["values"]]


@pytest.fixture(scope="module")
def monitored(module_crawl: Crawler, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    """A crawl of a dozen seconds, with some 503, that a Prometheus watches through a Pushgateway."""
    folder = tmp_path_factory.mktemp("prometheus")
    gateway, prometheus = (f"127.0.0.1:{free_port()}" for _ in range(2))
    config = folder / "prometheus.yml"
    job = {"job_name": "push", "honor_labels": True, "static_configs": [{"targets": [gateway]}]}
    config.write_text(json.dumps({"global": {"scrape_interval": "500ms"}, "scrape_configs": [job]}), encoding="utf-8")
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data"]
    faults = [{"route": "detail", "kind": "503", "share": 0.05, "times": 1}]
    with (
        running(
            "prometheus-pushgateway",
            "--persistence.file=",
            f"--web.listen-address={gateway}",
            ready=f"http://{gateway}/-/ready",
        ),
        running(*command, f"--web.listen-address={prometheus}", ready=f"http://{prometheus}/-/ready"),
        running_replica(count=100, latency="0.02-0.1", faults=faults) as replica,
    ):
        began = time.time()
        settings = {"PROMETHEUS_PUSHGATEWAY": gateway, "N8N_SCRAPER_METRICS_INTERVAL": 0.3}
        done = module_crawl(replica, N8N_SCRAPER_REQUESTS_PER_SECOND=8, **settings)
        assert done.code == 0, done.said
        assert "metrics cannot be told" not in done.said
        seen = Monitored(f"http://{prometheus}", f"http://{gateway}", began, done.run_folder.name)
        wait_until(lambda: seen.series("n8n_scraper_run_exit_code"))
        yield seen


def queries() -> list[str]:
    dashboard = json.loads((ROOT / "n8n_scraper" / "ops" / "dashboard.json").read_text(encoding="utf-8"))
    texts = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [text.replace("$__rate_interval", "1m").replace("$instance", ".*") for text in texts]


@needs_prometheus
@pytest.mark.parametrize("query", queries())
def test_every_query_of_the_dashboard_has_data(monitored: Monitored, query: str) -> None:
    assert monitored.series(query) != []


@needs_prometheus
def test_prometheus_saw_the_crawl_go_on(monitored: Monitored) -> None:
    (stored,) = monitored.series('n8n_scraper_workflow_item_total{crawl_status="complete"}')
    assert len(set(stored["values"])) > 3
    assert stored["metric"]["run_id"] == monitored.run_id
    assert stored["metric"]["job"] == "n8n_scraper"
    (failed,) = monitored.series('n8n_scraper_answer_total{kind="server"}')
    assert failed["values"][-1] > 0
    (slow,) = monitored.series(
        "histogram_quantile(0.95, sum by (le) (rate(n8n_scraper_answer_service_seconds_bucket[1m])))"
    )
    assert 0.02 < slow["values"][-1] < 60
    (rate,) = monitored.series("max_over_time(sum(rate(n8n_scraper_rate_request_total[3s]))[1m:500ms])")
    assert 0 < rate["values"][-1] < 25
    complete = monitored.series("n8n_scraper_completeness")
    assert {series["metric"]["column"] for series in complete} == set(MUST_HAVE)
    assert all(0.9 <= value <= 1 for series in complete for value in series["values"])


@needs_prometheus
def test_a_run_that_ended_leaves_nothing_but_how_it_ended(monitored: Monitored) -> None:
    kept = samples(ask(f"{monitored.gateway}/metrics"))
    ours = {name for name, _ in kept if name.startswith("n8n_scraper_")}
    assert ours == {
        "n8n_scraper_run_exit_code",
        "n8n_scraper_run_start_timestamp_seconds",
        "n8n_scraper_run_end_timestamp_seconds",
    }
    assert not any("run_id" in dict(labels) for _, labels in kept)
    assert next(value for (name, _), value in kept.items() if name == "n8n_scraper_run_exit_code") == 0


def test_the_textfile_of_a_run_says_what_its_stats_say(crawl: Crawler, library: RunningReplica) -> None:
    done = crawl(library)
    assert done.code == 0, done.said
    text = (done.run_folder / "metrics.prom").read_text(encoding="utf-8")
    told, stats = samples(text), done.stats()
    counted = {stat: METRICS[stat] for stat, value in stats.items() if stat in METRICS and not isinstance(value, str)}
    assert len(counted) > 10
    for stat, (metric, values) in counted.items():
        labels = frozenset(zip(metric.labels, values, strict=True))
        found = told.get((metric.name, labels), told.get((f"{metric.name}_total", labels)))
        assert found == pytest.approx(stats[stat], rel=1e-6), stat
    count = told[("n8n_scraper_answer_service_seconds_count", frozenset({("source", "detail")}))]
    assert count == stats["workflow/item_count"] == 100
    began, ended = (told[(f"n8n_scraper_run_{word}_timestamp_seconds", frozenset())] for word in ("start", "end"))
    assert 0 < ended - began < 120
    if shutil.which("promtool"):
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr


def test_another_textfile_and_a_gateway_that_is_away(crawl: Crawler, library: RunningReplica, tmp_path: Path) -> None:
    """The crawl ends as ever, and says once what is wrong."""
    place = tmp_path / "collector" / "n8n.prom"
    done = crawl(
        library,
        "limit=3",
        N8N_SCRAPER_METRICS_TEXTFILE=place,
        PROMETHEUS_PUSHGATEWAY=f"127.0.0.1:{free_port()}",
        N8N_SCRAPER_METRICS_INTERVAL=0.1,
    )
    assert done.code == 0, done.said
    assert done.said.count("The metrics cannot be told (Pushgateway)") == 1
    assert ("n8n_scraper_run_exit_code", frozenset()) in samples(place.read_text(encoding="utf-8"))
    assert not (done.run_folder / "metrics.prom").exists()
    assert len(list(place.parent.iterdir())) == 1


def test_a_killed_crawl_has_told_how_far_it_was(crawl: Crawler, library: RunningReplica) -> None:
    process = crawl.start(library, N8N_SCRAPER_REQUESTS_PER_SECOND=20, N8N_SCRAPER_METRICS_INTERVAL=0.1)
    stored = ("n8n_scraper_workflow_item_total", frozenset({("crawl_status", "complete")}))
    texts = lambda: [samples(file.read_text("utf-8")) for file in crawl.folder.glob("runs/*/metrics.prom")]  # noqa: E731 - a name for a one-line condition
    wait_until(lambda: [told for told in texts() if told.get(stored)])
    process.kill()
    process.wait(PATIENCE)
    (told,) = texts()
    assert 0 < told[stored] < 100
    assert ("n8n_scraper_run_end_timestamp_seconds", frozenset()) not in told
