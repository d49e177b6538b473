from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.conditions import Conditions

TIMED = {"workflows_per_hour", "busiest_second", "busiest_ten_seconds"}


def test_at_the_true_clock_nothing_is_changed() -> None:
    true = Conditions()
    assert true.settings == {
        "N8N_SCRAPER_REQUESTS_PER_SECOND": 2,
        "N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND": 1,
        "N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 0.2,
        "N8N_SCRAPER_TIME_FACTOR": 1,
        "N8N_SCRAPER_BREAKER_COOLDOWN": 2,
        "DOWNLOAD_TIMEOUT": 6,
    }
    assert true.latency("0.05-0.2") == "0.05-0.2"


def test_a_compressed_clock_multiplies_rates_and_divides_times() -> None:
    fast = Conditions(clock=10, layers="1,2,3,media,transcripts")
    assert fast.settings == {
        "N8N_SCRAPER_REQUESTS_PER_SECOND": 20,
        "N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND": 10,
        "N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 2,
        "N8N_SCRAPER_TIME_FACTOR": 10,  # retries, Retry-After and cool-downs
        "N8N_SCRAPER_BREAKER_COOLDOWN": 2,
        "DOWNLOAD_TIMEOUT": 3,  # what the largest answer needs on a busy machine is by no clock
    }
    assert fast.latency("0.05-0.2") == "0.005-0.02"
    assert fast.latency("1") == "0.1"
    slow, told = {"kind": "slow", "id": [1], "seconds": 0.5}, {"kind": "429", "id": [2], "retry_after": "1"}
    assert fast.rules([slow, told]) == [{**slow, "seconds": 0.05}, told]
    assert "compressed 10 times" in fast.sentence()
    assert "not to be compared" in fast.sentence()


@pytest.mark.parametrize(
    ("conditions", "size", "names", "reason"),
    [
        (Conditions(), 500, {"stage_gap"}, "2 requests a second"),
        (Conditions(layers="1,2,3,media,transcripts"), 500, set(), ""),
        (Conditions(rate=0), 500, TIMED, "no limit"),
        (Conditions(rate=0.5), 500, {*TIMED, "stage_gap"}, "0.5"),
        (Conditions(rate=5), 500, {*TIMED, "stage_gap"}, "5"),
        (Conditions(rate=10), 500, TIMED, "10"),
        (Conditions(clock=10), 500, {*TIMED, "stage_gap", "service_seconds"}, "compressed 10 times"),
        (Conditions(rate=0), 29, {*TIMED, "breaker", "resumed"}, ""),
    ],
)
def test_what_says_nothing_of_a_run_is_not_applicable(
    conditions: Conditions, size: int, names: set[str], reason: str
) -> None:
    reasons = conditions.not_applicable(size)
    assert reasons.keys() == names
    assert all(reason in told for told in reasons.values())


def test_an_outage_is_met_by_whatever_is_asked_first() -> None:
    ids = range(1, 31)
    assert [rule["at_most"] for rule in Conditions().outage(ids)] == [11]
    assert [rule["at_most"] for rule in Conditions(clock=10).outage(ids)] == [11], (
        "in the same order as at the true clock"
    )
    [rule] = Conditions(rate=0).outage(ids)
    assert (rule["id"], rule["times"]) == (list(range(1, 26)), 1)
    assert not Conditions().outage(range(29)), "too small"
    again = Conditions(is_again=True)
    assert not again.outage(ids)
    assert again.not_applicable(100)["breaker"] == "no outage was planned: workflows asked for again"


def test_the_opt_in_layers_need_the_third() -> None:
    assert Conditions(layers="1,2,media").numbers == (1, 2, 3)
    assert Conditions(layers="2").numbers == (2,)
    assert Conditions(layers="media, transcripts").stages == ("media", "transcripts")


@pytest.mark.parametrize("rate", [-0.1, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(StartError, match="must be 0"):
        Conditions(rate=rate)


@pytest.mark.parametrize(
    ("fields", "size", "seconds"),
    [
        ({}, 0, 120.0),
        ({}, 100, 1120.0),
        ({"clock": 10.0}, 100, 220.0),
        ({"layers": "1,2,3,transcripts"}, 10, 820.0),
        ({"layers": "1,2,3,media"}, 10, 220.0),
    ],
)
def test_how_long_a_crawl_may_take(fields: dict[str, Any], size: int, seconds: float) -> None:
    assert Conditions(**fields).longest(size) == pytest.approx(seconds)


def test_conditions_in_words() -> None:
    assert Conditions(rate=2.0).sentence() == "layers 1,2,3, 2 requests a second, true clock"
    assert Conditions(rate=0).sentence() == "layers 1,2,3, no limit of the rate, true clock"
    assert "clock compressed 10 times: 20 requests a second" in Conditions(rate=2.0, clock=10.0).sentence()
