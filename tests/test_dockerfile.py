"""The Dockerfile, as far as it can be tried without a Docker engine; hadolint reads it in .ci/run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M))
COPIED = [source for words in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.M) for source in words.split()[:-1]]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.M)
    assert sorted(COPIED) == sorted(let_in)
    assert [source for source in COPIED if not (ROOT / source).exists()] == []


def test_versions_are_those_of_the_requirements() -> None:
    assert re.findall(r"pip install.*?(-r \S+|[a-z]\S*==\S*)$", TEXT, re.M) == ["-r requirements.txt"]
    (image,) = re.findall(r"^ARG PYTHON=(\S+)$", TEXT, re.M)
    assert re.fullmatch(r"python:3\.(1[0-4])-slim-bookworm(@sha256:[0-9a-f]{64})?", image)
    assert set(re.findall(r"^FROM (\S+)", TEXT, re.M)) == {"${PYTHON}", "base"}


def test_no_stage_ends_as_root() -> None:
    """Who sets no user has the one of the stage he is made from."""
    stages = re.split(r"^FROM .* AS ", TEXT, flags=re.M)[1:]
    users = {stage.split()[0]: re.findall(r"^USER (\S+)$", stage, re.M)[-1:] for stage in stages}
    assert users == {"packages": [], "base": ["10001"], "browser": ["10001"], "crawler": []}
    assert "useradd --uid 10001" in TEXT


def test_a_build_without_a_target_has_no_browser() -> None:
    assert re.findall(r"^FROM .*$", TEXT, re.M)[-1] == "FROM base AS crawler"
    assert "chromium" not in re.split(r"^FROM .* AS ", TEXT, flags=re.M)[2]


def test_volumes_belong_to_the_user() -> None:
    (volumes,) = re.findall(r"^VOLUME (.*)$", TEXT, re.M)
    (made,) = re.findall(r"install -d -o n8n -g n8n (.*)$", TEXT, re.M)
    assert json.loads(volumes) == made.split()


@pytest.mark.parametrize(
    ("file", "age", "is_healthy"),
    [
        (None, 0, False),
        ("exports/runs/20261123T061500Z-3f2a/metrics.prom", 10, True),
        ("exports/runs/20261123T061500Z-3f2a/metrics.prom", 300, False),
        ("exports/runs/20261123T061500Z-3f2a/stats.json", 10, False),
        ("elsewhere/n8n.prom", 10, True),
    ],
)
def test_healthy_is_who_told_metrics_of_late(tmp_path: Path, file: str | None, age: int, is_healthy: bool) -> None:
    (check,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", TEXT, re.M)
    (tmp_path / "exports" / "runs").mkdir(parents=True)
    environment = dict(os.environ)
    if file:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
        os.utime(tmp_path / file, (time.time() - age,) * 2)
        if file.startswith("elsewhere"):
            environment["N8N_SCRAPER_METRICS_TEXTFILE"] = file
    done = subprocess.run(json.loads(check), cwd=tmp_path, env=environment, check=False)
    assert (done.returncode == 0) == is_healthy
