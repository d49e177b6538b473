"""Short forms of the drills; ``scrapy scale drills`` has them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.scale import drills
from n8n_scraper.scale.audit import Row
from n8n_scraper.scale.drill_blows import BLOWS
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
    assert found.recovery < found.seconds


def test_what_does_not_pass() -> None:
    good = Drill("good", busiest_second=26, busiest_ten_seconds=201)
    assert good.is_passed(20)
    assert not Drill("lost", lost={1: "no row"}).is_passed(20)
    assert not Drill("twice", twice=[1]).is_passed(20)
    assert not Drill("fast", busiest_second=28).is_passed(20)
    assert not Drill("fast", busiest_ten_seconds=202).is_passed(20)
    assert Drill("in time", recovery=17.2, slowest=17.2).is_passed(20)
    assert not Drill("slow", recovery=60.1, slowest=17.2).is_passed(20)
    assert not Drill("odd", is_as_expected=False).is_passed(20)


@pytest.mark.parametrize(("name", "bound"), [("one_killed", 17.2), ("worker_frozen", 17.2), ("poison_shard", 61.2)])
def test_how_long_a_recovery_may_take(name: str, bound: float) -> None:
    """200 workflows in shards of 16, 20 requests a second among four."""
    assert BLOWS[name].bound(16 * 4 / 20) == pytest.approx(bound)


def test_too_few_workflows() -> None:
    drills.check_count(drills.LEAST_COUNT)
    with pytest.raises(StartError, match="--count 100 or more"):
        drills.check_count(40)
