from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.analysis.analysed import conditions
from n8n_scraper.scale.analysis.baseline import Baseline, Conditions, SavedRun, compare, why_not
from n8n_scraper.scale.analysis.baseline_file import baseline_of, choose_baseline, read_baselines, save_baseline
from n8n_scraper.scale.run_folder import read_folder
from tests.scale.analysis.conftest import NewFolder

TRUE = Conditions(500, 2.0, 1.0, "1,2,3")
IS_LEAST = {"completeness": True, "service_seconds": False, "peak_memory": False, "stage_gap": False, "twice": False}


def _baseline(name: str, *values: float | None, disturbed: tuple[bool, ...] = ()) -> Baseline:
    flags = disturbed or (False,) * len(values)
    pairs = enumerate(zip(values, flags, strict=True))
    runs = [SavedRun(name=str(n), begun_at="", is_disturbed=flag, figures={name: value}) for n, (value, flag) in pairs]
    return Baseline(conditions=TRUE, runs=runs, is_least=IS_LEAST)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (TRUE, "500 workflows at 2 requests a second, on the true clock, layers 1,2,3"),
        (
            Conditions(1500, 0.0, 20.0, ""),
            "1,500 workflows without a limit of the rate, with the clock compressed 20 times, layers as usual",
        ),
    ],
)
def test_conditions_are_told_in_words(given: Conditions, told: str) -> None:
    assert str(given) == told


@pytest.mark.parametrize(
    ("name", "before", "now", "noise", "verdict"),
    [
        ("completeness", (100.0,), 99.5, 0.01, "same"),
        ("completeness", (100.0,), 98.0, 0.01, "worse"),
        ("completeness", (90.0,), 98.0, 0.01, "better"),
        ("service_seconds", (1.0,), 1.19, 0.2, "same"),
        ("service_seconds", (1.0,), 1.3, 0.2, "worse"),
        ("service_seconds", (1.0,), 0.7, 0.2, "better"),
        ("service_seconds", (1.0, 1.1, 1.0), 1.15, 0.1, "worse"),
        ("service_seconds", (1.0, 1.5, 1.0), 1.4, 0.5, "same"),
        ("service_seconds", (1.0, 1.0, 1.0), 1.04, 0.05, "same"),
        ("peak_memory", (200.0,), 230.0, 0.2, "same"),
        ("peak_memory", (200.0, 201.0), 230.0, 0.05, "worse"),
        ("bottleneck/rate", (50.0,), 90.0, 0.2, "differs"),
        ("bottleneck/rate", (50.0,), 55.0, 0.2, "same"),
        ("stage_gap", (0.0,), 3.0, 0.2, "differs"),
        ("twice", (0.0,), 0.0, 0.01, "same"),
        ("twice", (0.0, 0.0), 1.0, 0.0, "worse"),
    ],
)
def test_a_figure_differs_where_it_is_beyond_the_noise(
    name: str, before: tuple[float, ...], now: float, noise: float, verdict: str
) -> None:
    [one] = compare(_baseline(name, *before), {name: now}, is_disturbed=False)
    assert (one.verdict, one.is_assumed) == (verdict, len(before) == 1)
    assert one.noise == pytest.approx(noise)
    assert one.ratio == (now / one.before if one.before else None)


def test_times_under_foreign_load_are_told_and_not_judged() -> None:
    [one] = compare(_baseline("service_seconds", 1.0), {"service_seconds": 3.0}, is_disturbed=True)
    assert (one.ratio, one.verdict) == (3.0, "not judged")
    [one] = compare(_baseline("completeness", 100.0), {"completeness": 50.0}, is_disturbed=True)
    assert one.verdict == "worse", "no load explains that"
    [one] = compare(_baseline("service_seconds", 1.0, disturbed=(True,)), {"service_seconds": 3.0}, is_disturbed=False)
    assert one.verdict == "not judged"


def test_disturbed_runs_of_a_baseline_do_not_count_beside_quiet_ones() -> None:
    mixed = _baseline("service_seconds", 9.0, 1.0, disturbed=(True, False))
    [one] = compare(mixed, {"service_seconds": 1.1}, is_disturbed=False)
    assert (one.before, one.verdict) == (1.0, "same")


def test_what_nobody_measured_is_not_compared() -> None:
    assert not list(compare(_baseline("completeness", None), {"completeness": 1.0}, is_disturbed=False))
    assert not list(compare(_baseline("completeness", 1.0), {"completeness": None, "other": 1.0}, is_disturbed=False))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (TRUE, None),
        (TRUE._replace(clock=10.0), "True-rate and compressed runs are never compared"),
        (TRUE._replace(rate=0.0), "True-rate and compressed runs are never compared"),
        (TRUE._replace(size=1000), "Only runs under equal conditions"),
        (TRUE._replace(layers="1"), "Only runs under equal conditions"),
    ],
)
def test_what_is_never_compared(other: Conditions, said: str | None) -> None:
    for refusal in (why_not(TRUE, other), why_not(other, TRUE)):
        assert (refusal or "").startswith(said or "")
        assert bool(refusal) == bool(said)


def test_a_baseline_is_saved_beside_those_of_other_conditions(new_folder: NewFolder, tmp_path: Path) -> None:
    path = tmp_path / "scale" / "baseline.json"
    quiet = [read_folder(new_folder(f"run-{n}", figures={"service_seconds": 1.0 + n / 10})) for n in range(2)]
    fast = read_folder(new_folder("fast", run={"clock": 10.0}))
    save_baseline(path, baseline_of([fast]))
    save_baseline(path, baseline_of([quiet[1]]))
    save_baseline(path, baseline_of(quiet))
    assert [len(one.runs) for one in read_baselines(path)] == [1, 2]
    found, refusal = choose_baseline(read_baselines(path), conditions(quiet[0]))
    assert found is not None
    assert refusal is None
    assert [run.figures["service_seconds"] for run in found.runs] == [1.0, 1.1]
    assert found.is_least["completeness"]
    assert found.runs[0].figures["bottleneck/crawler_cpu"] == 95.0
    assert read_baselines(fast.path)[0] == baseline_of([fast])


def test_a_baseline_of_the_other_kind_is_refused_in_words(new_folder: NewFolder) -> None:
    baselines = [baseline_of([read_folder(new_folder("fast", run={"clock": 10.0}))])]
    found, refusal = choose_baseline(baselines, TRUE)
    assert found is None
    assert "never compared" in str(refusal)
    assert choose_baseline([], TRUE) == (None, None)


def test_runs_of_different_conditions_make_no_baseline(new_folder: NewFolder) -> None:
    runs = [read_folder(new_folder("one")), read_folder(new_folder("two", run={"size": 50}))]
    with pytest.raises(StartError, match="equal conditions"):
        baseline_of(runs)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"baselines": [1]}', '{"baselines": [{"runs": [{}]}]}'])
def test_what_is_no_baseline_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(StartError, match="not a baseline"):
        read_baselines(path)
    with pytest.raises(StartError, match="No such file"):
        read_baselines(tmp_path / "none.json")


def test_a_run_without_figures_is_no_baseline(new_folder: NewFolder) -> None:
    folder = new_folder()
    (folder / "figures.json").unlink()
    figures: dict[str, Any] = read_folder(folder).figures  # type: ignore[assignment]  # another type, on purpose
    assert not figures
    with pytest.raises(StartError, match="left no figures"):
        baseline_of([read_folder(folder)])
