"""The stage ``transcripts`` in whole crawls, against the replica's YouTube."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.replica.youtube import spoken, tracks
from n8n_scraper.scale.transcript_table import LIBRARY_SHARE, videos_of

from .conftest import Crawl, Crawler
from .test_report import report

WORKFLOWS = 8
SEED = 3
FAST = {"N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 500, "DOWNLOAD_TIMEOUT": 3}
LAYERS = "layers=1,2,3,transcripts"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningReplica]:
    with running_replica(count=WORKFLOWS * LIBRARY_SHARE, seed=SEED, icons=0) as replica:
        yield replica


@pytest.fixture
def replica(running: RunningReplica) -> RunningReplica:
    """Nothing goes wrong yet."""
    running.set_faults()
    return running


@pytest.fixture(scope="module")
def shown() -> dict[int, list[str]]:
    """Workflows of the library that show a video, and which."""
    return videos_of(WORKFLOWS, SEED)


def _ids(shown: dict[int, list[str]], count: int = WORKFLOWS) -> str:
    return "ids=" + ",".join(map(str, sorted(shown)[:count]))


def _asked(replica: RunningReplica, before: int = 0) -> list[dict[str, Any]]:
    return [entry for entry in replica.entries()[before:] if entry["host"] == "youtube"]


def _captions(entries: list[dict[str, Any]]) -> Counter[str]:
    """Times that the captions of a video were sent."""
    return Counter(e["video"] for e in entries if e["path"].startswith("/api/timedtext") and "fault" not in e)


def _outcomes(crawl: Crawl) -> dict[str, str]:
    """The status that the report tells of all workflows."""
    rows = report(crawl)["sections"]["outcomes"]["statuses"]
    return {
        name: status
        for name in ("row", "1 metadata", "transcripts")
        for status, count in rows[name].items()
        if count == WORKFLOWS
    }


def test_what_is_said_in_the_videos_is_in_the_rows_and_is_not_asked_twice(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]]
) -> None:
    done = crawl(replica, _ids(shown, 4), LAYERS, **FAST)
    assert done.code == 0, done.said
    for row in done.snapshot():
        assert (row["transcripts_status"], row["crawl_status"], row["error"]) == ("ok", "complete", None)
        assert [entry["video_id"] for entry in row["transcripts"]] == shown[row["id"]]
        for entry in row["transcripts"]:
            track = tracks(entry["video_id"])[0]
            assert (entry["status"], entry["language"], entry["is_generated"]) == ("ok", "en", track.is_generated)
            assert entry["text"] == re.sub("</?i>", "", " ".join(spoken(entry["video_id"], track)))
    assert done.feed() == done.snapshot()
    assert done.stats()["transcripts/video_count/ok"] == sum(len(row["transcripts"]) for row in done.snapshot())
    before = len(replica.entries())
    again = crawl(replica, _ids(shown, 4), LAYERS, "refresh=all", **FAST)
    assert (again.code, _asked(replica, before)) == (0, [])
    assert [row["transcripts"] for row in again.snapshot()] == [row["transcripts"] for row in done.snapshot()]
    assert {row["transcripts_status"] for row in again.snapshot()} == {"ok"}


def test_a_block_stops_the_stage_with_one_line_and_leaves_the_rest_due(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]], tmp_path: Path
) -> None:
    first_video = shown[min(shown)][0]
    before = len(replica.entries())
    words = (_ids(shown), LAYERS, "refresh=all")
    replica.set_faults({"kind": "bot"})
    done = crawl(replica, *words, JOBDIR=tmp_path / "job", **FAST)
    assert (done.code, done.stats()["finish_reason"]) == (0, "finished")
    assert done.stats()["workflow/stage_failure_count/blocked"] == WORKFLOWS
    assert (done.stats()["share/failed"], done.stats()["share/blocked"]) == (0, 0), "the site refused nothing"
    assert done.stats()["column/row_count"] == WORKFLOWS
    assert _outcomes(done) == {"row": "partial", "1 metadata": "ok", "transcripts": "blocked"}
    [failures] = report(done)["sections"]["outcomes"]["failures"]
    assert (failures["kind"], failures["ids"]) == ("blocked", sorted(shown)[:WORKFLOWS])
    assert done.said.count("Transcripts stop: YouTube refuses our address") == 1
    assert len(_asked(replica, before)) <= 4 * 2, "those under way when it was noticed"
    for row in done.snapshot():
        assert [row[f"layer{n}_status"] for n in (1, 2, 3)] == ["ok"] * 3, "the crawl itself goes on"
        assert (row["transcripts_status"], row["crawl_status"]) == ("blocked", "partial")
        assert (row["error_kind"], row["error"]) == ("blocked", "transcripts: YouTube refuses our address")
        assert {entry["status"] for entry in row["transcripts"]} == {"blocked"}
    replica.set_faults({"video": first_video, "kind": "captions_disabled"})
    resumed = crawl(replica, *words, JOBDIR=tmp_path / "job", **FAST)
    assert resumed.code == 0, resumed.said
    assert _outcomes(resumed) == {"row": "complete", "1 metadata": "skipped"}, "one video has none"
    rows = {row["id"]: row for row in resumed.snapshot()}
    assert {row["error"] for row in rows.values()} == {None}
    assert {row["crawl_status"] for row in rows.values()} == {"complete"}
    assert rows[min(shown)]["transcripts"][0]["status"] == "disabled"
    assert "is finished" in crawl(replica, *words, JOBDIR=tmp_path / "job", **FAST).said


def test_kill_9_in_the_stage_loses_nothing_and_fetches_no_kept_transcript_again(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]], tmp_path: Path
) -> None:
    settings = {"JOBDIR": tmp_path / "job", **FAST, "N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 6}
    before = len(replica.entries())
    process = crawl.start(replica, _ids(shown), LAYERS, **settings)
    crawl.wait_for("(select count(*) > 2 from transcripts where status = 'ok')", process)
    process.kill()
    process.communicate()
    kept = {row["video_id"] for row in crawl.query("select video_id from transcripts where status = 'ok'")}
    asked = len(replica.entries())
    done = crawl(replica, _ids(shown), LAYERS, **settings | FAST)
    assert done.code == 0, done.said
    assert {row["id"]: [entry["video_id"] for entry in row["transcripts"]] for row in done.snapshot()} == shown
    assert {entry["status"] for row in done.snapshot() for entry in row["transcripts"]} == {"ok"}
    assert not kept & {entry["video"] for entry in _asked(replica, asked)}
    assert sum(count - 1 for count in _captions(_asked(replica, before)).values()) <= 4, "what was under way"
    assert not [e for e in replica.entries()[asked:] if e["host"] == "api" and e["id"]], "rows are not fetched again"


def test_a_retry_that_waits_survives_kill_9_with_its_attempts(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]], tmp_path: Path
) -> None:
    id, [video, *_] = min(shown.items())
    replica.set_faults(
        {"host": "youtube", "route": "watch", "video": video, "kind": "429", "retry_after": "5", "times": 2}
    )
    before = len(replica.entries())
    process = crawl.start(replica, f"ids={id}", LAYERS, JOBDIR=tmp_path / "job", **FAST)
    crawl.wait_for("exists (select from transcripts where not_before > now())", process)
    process.kill()
    process.communicate()
    done = crawl(replica, f"ids={id}", LAYERS, JOBDIR=tmp_path / "job", **FAST)
    assert done.code == 0, done.said
    watched = [e["t"] for e in _asked(replica, before) if e["path"].startswith("/watch") and e["video"] == video]
    assert len(watched) == 3
    assert all(later - earlier >= 5 for earlier, later in pairwise(watched))


def test_a_long_wait_is_kept_by_later_runs(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]], tmp_path: Path
) -> None:
    replica.set_faults({"host": "youtube", "route": "watch", "kind": "429", "retry_after": "400"})
    words, settings = (_ids(shown, 2), LAYERS), {"JOBDIR": tmp_path / "job", **FAST}
    done = crawl(replica, *words, **settings)
    assert done.code == 0, done.said
    assert done.said.count("Transcripts stop: YouTube asked for a wait until") == 1
    assert {row["error_kind"] for row in done.snapshot()} == {"rate_limited"}
    before = len(replica.entries())
    assert crawl(replica, *words, **settings).code == 0
    assert _asked(replica, before) == []
    replica.set_faults()
    crawl.query("update transcripts set not_before = now() where not_before is not null")
    crawl.query("update rate_gates set held_until = now(), next_at = now() where held_until is not null")
    assert {row["transcripts_status"] for row in crawl(replica, *words, **settings).snapshot()} == {"ok"}


def test_what_fails_for_good_is_failed_and_asked_again_by_the_next_job(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]]
) -> None:
    id, [video, *_] = min(shown.items())
    replica.set_faults({"host": "youtube", "route": "player", "video": video, "kind": "418"})
    [row] = crawl(replica, f"ids={id}", LAYERS, **FAST).snapshot()
    assert (row["transcripts_status"], row["crawl_status"], row["error_kind"]) == ("failed", "partial", "unexpected")
    assert row["error"] == "transcripts: YouTube answered with status 418"
    replica.set_faults()
    before = len(replica.entries())
    [row] = crawl(replica, f"ids={id}", LAYERS, **FAST).snapshot()
    assert (row["transcripts_status"], row["crawl_status"], row["error"]) == ("ok", "complete", None)
    assert not [entry for entry in replica.entries()[before:] if entry["id"]], "the site is not asked for it again"


def test_the_rate_is_kept_over_all_processes_of_a_store(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]]
) -> None:
    settings = {**FAST, "N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 4}
    ids = sorted(shown)
    before = len(replica.entries())
    halves = [crawl.start(replica, f"ids={ids[n]},{ids[n + 1]}", LAYERS, **settings) for n in (0, 2)]
    for process in halves:
        said, _ = process.communicate()
        assert process.returncode == 0, said
    arrived = [entry["t"] for entry in _asked(replica, before)]
    assert len(arrived) == 3 * sum(len(shown[id]) for id in ids[:4])
    assert (arrived[-1] - arrived[0]) >= (len(arrived) - 1) / 4 * 0.95
    assert min(later - arrived[n] for n, later in enumerate(arrived[5:])) > 0.95, "never six in a second"


def test_a_request_that_hangs_holds_up_neither_the_crawl_nor_its_end(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]], tmp_path: Path
) -> None:
    replica.set_faults({"host": "youtube", "route": "player", "kind": "no_answer"})
    settings = {"JOBDIR": tmp_path / "job", **FAST, "DOWNLOAD_TIMEOUT": 60}
    before = len(replica.entries())
    process = crawl.start(replica, _ids(shown), LAYERS, **settings)
    while len([e for e in _asked(replica, before) if "player" in e["path"]]) < 4:
        assert process.poll() is None
        time.sleep(0.05)
    crawl.wait_for(f"(select count(*) = {WORKFLOWS} from observed)", process)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 0
    assert time.monotonic() - began < 20
    assert crawl.query("select count(*) from job_ids where is_done") == [{"count": 0}]


def test_a_proxy_is_used_and_its_password_told_nowhere(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]], new_replica: Callable[..., RunningReplica]
) -> None:
    proxy = new_replica(count=1)
    address = proxy.youtube_url.replace("http://", "http://name:hushhush@")
    before = len(replica.entries())
    done = crawl(replica, _ids(shown, 1), LAYERS, **FAST, N8N_SCRAPER_TRANSCRIPT_PROXY=address, LOG_LEVEL="DEBUG")
    assert done.code == 0, done.said
    assert [row["transcripts_status"] for row in done.snapshot()] == ["ok"]
    assert _asked(replica, before) == []
    assert len(_asked(proxy)) == 3 * len(shown[min(shown)])
    assert "hushhush" not in done.said
    assert "hushhush" not in str(crawl.query("select settings, stats from runs"))


def test_other_languages_are_asked_for_again_and_nothing_else(
    crawl: Crawler, replica: RunningReplica, shown: dict[int, list[str]]
) -> None:
    ids = sorted(shown)[:3]
    first, second, third = (shown[id][0] for id in ids)
    replica.set_faults({"video": first, "kind": "other_language"}, {"video": second, "kind": "unavailable"})
    done = crawl(replica, _ids(shown, 3), LAYERS, **FAST)
    assert [row["transcripts"][0]["status"] for row in done.snapshot()] == ["no_language", "unavailable", "ok"]
    before = len(replica.entries())
    crawl.query("update observed set transcripts_status = 'skipped'")
    done = crawl(replica, _ids(shown, 3), "layers=transcripts", N8N_SCRAPER_TRANSCRIPT_LANGUAGES="de,en", **FAST)
    assert [row["transcripts"][0]["status"] for row in done.snapshot()] == ["ok", "unavailable", "ok"]
    assert done.snapshot()[0]["transcripts"][0]["language"] == "de"
    assert {entry["video"] for entry in _asked(replica, before)} == {first}
    assert third
