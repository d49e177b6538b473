"""Short forms of the drills; ``scrapy scale drills`` has them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.scale import drills
from n8n_scraper.scale.audit import Row
from n8n_scraper.scale.drills import Drill

pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")
RATE = 25.0


@pytest.fixture(scope="module")
def site() -> Iterator[RunningReplica]:
    with running_replica(count=40, latency="0.02-0.05", icons=0) as replica:
        yield replica


@pytest.fixture(scope="module")
def expected(site: RunningReplica, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Row]:
    folder = tmp_path_factory.mktemp("drills")
    folder.chmod(0o711)
    return drills.undisturbed(site, folder / "undisturbed")


@pytest.mark.parametrize("name", ["worker_frozen"])
def test_a_drill_loses_nothing(name: str, site: RunningReplica, expected: dict[int, Row], tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    found = drills.drill(name, site, tmp_path / name, expected, rate=RATE)
    assert (found.lost, found.twice, found.is_as_expected) == ({}, [], True), found.remark
    assert found.is_passed(RATE), found.line(RATE)
    assert found.recovery is not None


def test_what_does_not_pass() -> None:
    good = Drill("good", busiest_second=26, busiest_ten_seconds=201)
    assert good.is_passed(20)
    assert not Drill("lost", lost={1: "no row"}).is_passed(20)
    assert not Drill("twice", twice=[1]).is_passed(20)
    assert not Drill("fast", busiest_second=28).is_passed(20)
    assert not Drill("fast", busiest_ten_seconds=202).is_passed(20)
    assert not Drill("odd", is_as_expected=False).is_passed(20)
