from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.scale.candidates import Candidate, survey
from n8n_scraper.scale.dataset import Dataset, compose
from n8n_scraper.scale.dataset_files import make_dataset, read_dataset, write_dataset

SIZE = 100
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "templates.jsonl.zst"


@pytest.fixture(scope="module")
def pool() -> list[Candidate]:
    return list(survey(GeneratedLibrary(Recipe(count=320, traps=0.4, hostile=True, icons=0))))


@pytest.fixture(scope="module")
def dataset(pool: list[Candidate]) -> Dataset:
    return compose(pool, SIZE, seed=1)


def test_it_is_composed_as_promised(dataset: Dataset) -> None:
    found = dataset.composition()
    assert found["group"] == {"good": 60, "challenging": 30, "edge": 10}
    assert len({member.id for member in dataset.members}) == SIZE
    assert len(found["category"]) >= 20
    assert found["size_class"].keys() == {"0", "1", "2", "3", "4"}
    assert len(found["year"]) >= 2
    assert len([why for why in found["why"] if why != "nothing"]) >= 36, "every challenge and edge case is another one"


def test_good_ones_are_good_and_nothing_goes_wrong_with_them(dataset: Dataset, pool: list[Candidate]) -> None:
    quality = {one.id: one.quality for one in pool}
    good = [member for member in dataset.members if member.group == "good"]
    assert all((quality[member.id] or 0) >= 80 and member.crawl_status == "complete" for member in good)
    assert not dataset.plan.keys() & {member.id for member in good}


def test_what_is_expected_follows_from_the_fault(dataset: Dataset) -> None:
    for member in dataset.members:
        if planned := dataset.plan.get(member.id):
            assert member.group == "challenging"
            assert member.error_kind == (planned.kind if planned.times is None else None)
            status = {None: "complete", "gone": "gone"}.get(member.error_kind, "failed")
            assert member.crawl_status == status
    assert Counter(member.group for member in dataset.members if member.id in dataset.plan) == {"challenging": 30}


def test_edge_cases_hold_what_no_library_has(dataset: Dataset, pool: list[Candidate]) -> None:
    known = {one.id: one for one in pool}
    edges = [member for member in dataset.members if member.group == "edge"]
    assert [member.crawl_status for member in edges if member.id not in known] == ["gone"]
    assert sum(known[member.id].trap is not None for member in edges if member.id in known) >= 5


def test_the_same_seed_gives_the_same_and_another_one_another(pool: list[Candidate], dataset: Dataset) -> None:
    assert compose(pool, SIZE, seed=1) == dataset
    assert compose(pool, SIZE, seed=2) != dataset


@pytest.mark.parametrize(("seed", "size"), [(1, 30), (2, 30), (3, 50), (1, 500)])
def test_one_from_the_generator_is_spread(seed: int, size: int) -> None:
    made, served = make_dataset(size, seed)
    assert_spread(made, size)
    assert served["images"] == "self"


@pytest.mark.skipif(not CORPUS.exists(), reason="the recorded templates are not there")
def test_one_from_recorded_answers_is_spread_and_has_the_known_edge_cases() -> None:
    made, _ = make_dataset(500, 1, CORPUS)
    assert_spread(made, 500)
    known = {case["id"] for case in json.loads(CORPUS.with_name("edge_cases.json").read_text(encoding="utf-8"))}
    edges = {member.id for member in made.members if member.group == "edge"}
    assert len(edges & known) >= 25
    with pytest.raises(StartError, match="images of real hosts"):
        make_dataset(500, 1, CORPUS, stages=("media",))


def assert_spread(made: Dataset, size: int) -> None:
    found = made.composition()
    assert found["group"] == {"good": size * 6 // 10, "challenging": size * 3 // 10, "edge": size // 10}
    assert found["size_class"].keys() == {"0", "1", "2", "3", "4"}
    assert len(found["category"]) >= 15
    assert len(found["year"]) >= 2
    most = max(found["category"].values())
    assert most <= size / 4, "no category is most of it"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nodes": 7}, "1 classes of size .*, at least 5"),
        ({"category": "AI"}, "1 categories, at least 10"),
        ({"created": "2020-01"}, "1 years, at least 2"),
    ],
)
def test_a_dataset_that_is_not_spread_is_none(pool: list[Candidate], change: dict[str, Any], said: str) -> None:
    with pytest.raises(StartError, match=said):
        compose([replace(one, **change) for one in pool], 30, seed=1)


def test_media_leave_out_what_no_stand_in_serves(pool: list[Candidate]) -> None:
    assert any(one.has_images_elsewhere for one in pool)
    library = GeneratedLibrary(Recipe(count=320, traps=0.4, hostile=True, icons=0))
    served = list(survey(library, "https://images.example.com"))
    assert {one.has_images_elsewhere for one in served if one.images} == {True, False}
    made, _ = make_dataset(30, 1, stages=("media",))
    members = {member.id: member for member in made.members}
    assert {"ok", "missing"} == {member.media for member in members.values()}
    assert {"ok", "missing"} == {member.transcripts for member in members.values()}


@pytest.mark.parametrize(
    ("count", "size", "said"),
    [(320, 29, "at least 30"), (40, 200, "fit to be good, 120 are needed"), (0, 30, "edge"), (0, 100, "edge")],
)
def test_what_cannot_be_composed_is_told(pool: list[Candidate], count: int, size: int, said: str) -> None:
    with pytest.raises(StartError, match=said):
        compose(pool[:count], size, seed=1)


def test_a_corpus_without_traps_gives_its_extremes(pool: list[Candidate]) -> None:
    plain = [one for one in pool if one.trap is None and one.state == "listed"]
    edges = {member.why: member.id for member in compose(plain, 70, seed=1).members if member.group == "edge"}
    assert edges["most nodes"] == max(plain, key=lambda one: one.nodes).id


def test_its_files(tmp_path: Path) -> None:
    dataset, served = make_dataset(30, seed=1)
    write_dataset(tmp_path / "set", dataset, served)
    ids = [int(line) for line in (tmp_path / "set" / "ids.txt").read_text().splitlines()]
    expected = [json.loads(line) for line in (tmp_path / "set" / "expected.jsonl").read_text().splitlines()]
    rules = json.loads((tmp_path / "set" / "faults.json").read_text())["rules"]
    assert ids == [member["id"] for member in expected] == [member.id for member in dataset.members]
    assert {id for rule in rules for id in rule["id"]} == dataset.plan.keys()
    assert json.loads((tmp_path / "set" / "dataset.json").read_text())["replica"] == served
    assert read_dataset(tmp_path / "set") == (dataset, served)
    part = dataset.only(ids[3:9])
    assert [member.id for member in part.members] == ids[3:9]
    assert part.plan == {id: planned for id, planned in dataset.plan.items() if id in ids[3:9]}
    with pytest.raises(StartError, match="cannot be read"):
        read_dataset(tmp_path)
    (tmp_path / "set" / "faults.json").write_text("[]")
    with pytest.raises(StartError, match="is broken"):
        read_dataset(tmp_path / "set")
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot be written"):
        write_dataset(tmp_path / "file", dataset, served)
