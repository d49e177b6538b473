from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests

from n8n_scraper.config import Config
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.transcripts import Transcript
from n8n_scraper.store import transcripts as store
from n8n_scraper.store.session import Session
from n8n_scraper.transcripts.stage import AT_ONCE, Stage, Terms, is_due

A, B = "aaaaaaaaaaa", "bbbbbbbbbbb"
NOW = datetime(2026, 11, 23, tzinfo=timezone.utc)
LATER, EARLIER = NOW + timedelta(minutes=5), NOW - timedelta(days=5)
JOB = 7


def _known(status: str, **given: Any) -> store.Known:
    language = "en" if status == "ok" else None
    fields: dict[str, Any] = {
        "languages": ("en",),
        "job_id": JOB,
        "attempt_count": 0,
        "not_before": None,
        "asked_at": NOW,
        **given,
    }
    return store.Known(Transcript(A, status, language), **fields)


@pytest.mark.parametrize(
    ("known", "terms", "due"),
    [
        (None, {}, True),
        (_known("ok"), {}, False),
        (_known("ok"), {"languages": ("de", "en")}, False),
        (_known("ok"), {"languages": ("de",)}, True),
        (_known("ok"), {"renewed_since": LATER}, False),
        (_known("disabled"), {}, False),
        (_known("disabled"), {"languages": ("de",)}, False),
        (_known("disabled"), {"renewed_since": LATER}, True),
        (_known("disabled"), {"renewed_since": EARLIER}, False),
        (_known("no_language"), {}, False),
        (_known("no_language"), {"languages": ("de", "en")}, True),
        (_known("failed"), {}, False),
        (_known("failed", not_before=LATER), {}, True),
        (_known("failed", job_id=8), {}, True),
        (_known("failed", job_id=None), {}, True),
        (_known("blocked"), {}, True),
    ],
)
def test_what_is_asked_for(known: store.Known | None, terms: dict[str, Any], due: bool) -> None:
    assert is_due(known, Terms(**{"languages": ("en",), "job_id": JOB, **terms})) is due


@pytest.fixture
def session(database_url: str, tmp_path: Path) -> Iterator[Session]:
    config = Config.from_settings({"DATABASE_URL": database_url}, tmp_path)
    with closing(Session.open(config)) as session:
        session.call(lambda cursor: cursor.execute("insert into jobs (arguments) values ('{}')"))
        yield session


class Asked:
    """Answers as they are given, one video after the other; remembers what was asked for and what was waited for."""

    def __init__(self, *answers: Transcript | Exception) -> None:
        self.answers = list(answers)
        self.videos: list[str] = []
        self.waits: list[float] = []
        self.counts: list[str] = []

    async def fetch(self, video_id: str) -> Transcript:
        self.videos.append(video_id)
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pause(self, seconds: float) -> None:
        self.waits.append(seconds)

    def stage(self, session: Session, **terms: Any) -> Stage:
        given = {"languages": ("en",), "job_id": 1, **terms}
        return Stage(session, Terms(**given), self.fetch, self.pause, self.counts.append)


def _run(asked: Asked, session: Session, *videos: str, **terms: Any) -> list[Transcript]:
    async def all_at_once() -> list[Transcript]:
        stage = asked.stage(session, **terms)
        return list(await asyncio.gather(*(stage.transcript(video) for video in videos)))

    return asyncio.run(all_at_once())


def _kept(session: Session, video: str = A) -> store.Known:
    known = session.call(lambda cursor: store.read_known(cursor, video))
    assert known is not None
    return known


def test_two_workflows_that_show_a_video_ask_once(session: Session) -> None:
    asked = Asked(Transcript(A, "ok", "en", False, "text"))
    assert _run(asked, session, A, A) == [Transcript(A, "ok", "en", False, "text")] * 2
    assert (asked.videos, asked.counts) == ([A], ["ok"])
    assert _run(Asked(), session, A)[0].text == "text"


def test_a_failure_is_asked_again_three_times_after_longer_and_longer_waits(session: Session) -> None:
    asked = Asked(*[requests.exceptions.ConnectionError()] * 4)
    assert [found.status for found in _run(asked, session, A)] == ["failed"]
    assert len(asked.videos) == 4
    assert [round(wait / 1.1) for wait in asked.waits] == [1, 2, 4]
    known = _kept(session)
    assert (known.attempt_count, known.not_before, known.transcript.error_kind) == (4, None, "network")


def test_attempts_of_a_killed_run_count(session: Session) -> None:
    failed = Transcript(A, "failed", error_kind="server")
    session.call(
        lambda cursor: store.keep(cursor, failed, ("en",), 1, 3, datetime.now(timezone.utc) + timedelta(seconds=30))
    )
    asked = Asked(UnusableAnswer("server", "status 500"))
    _run(asked, session, A)
    assert len(asked.videos) == 1
    assert 25 < asked.waits[0] <= 30


def test_a_wait_that_youtube_asks_for_is_one_for_all(session: Session) -> None:
    asked = Asked(UnusableAnswer("rate_limited", "x", retry_after=60))

    async def while_it_waits() -> list[str]:
        waiting, both, release = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def pause(seconds: float) -> None:
            asked.waits.append(seconds)
            (both if waiting.is_set() else waiting).set()
            await release.wait()

        asked.pause = pause  # type: ignore[method-assign]  # replaced for the test
        stage = asked.stage(session)
        tasks = [asyncio.ensure_future(stage.transcript(A))]
        await waiting.wait()
        tasks.append(asyncio.ensure_future(stage.transcript(B)))
        await both.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return asked.videos

    assert asyncio.run(asyncio.wait_for(while_it_waits(), 30)) == [A]
    assert min(asked.waits) > 50


def test_many_failures_in_a_row_stop_the_stage(session: Session) -> None:
    videos = [f"video{number:06}" for number in range(12)]
    asked = Asked(*[UnusableAnswer("too_large", "x")] * 12)
    found = _run(asked, session, *videos, failures_in_row=3)
    statuses = [transcript.status for transcript in found]
    assert len(asked.videos) <= 3 + AT_ONCE
    assert statuses.count("blocked") == 12 - len(asked.videos)
    assert "videos failed one after the other" in (found[-1].error or "")


def test_a_failure_replaces_nothing_that_is_known(session: Session) -> None:
    session.call(lambda cursor: store.keep(cursor, Transcript(A, "disabled"), ("en",), 1))
    asked = Asked(UnusableAnswer("too_large", "x"))
    [found] = _run(asked, session, A, renewed_since=datetime.now(timezone.utc) + timedelta(days=1))
    assert (asked.videos, found.status, _kept(session).transcript.status) == ([A], "disabled", "disabled")


def test_our_own_fault_is_not_taken_for_an_answer(session: Session) -> None:
    with pytest.raises(AssertionError):
        _run(Asked(AssertionError()), session, A)


def test_rows_are_filled_with_what_is_known_and_a_new_video_was_never_asked_for(database_url: str) -> None:
    def item(id: int, *videos: str) -> WorkflowItem:
        rows = [{"platform": "youtube", "video_id": video, "url": "x"} for video in videos]
        return WorkflowItem(id=id, videos=rows, transcripts_status="ok")

    items = [item(1, A), item(2, A, B), WorkflowItem(id=3, transcripts_status="ok", transcripts=[{"video_id": B}])]
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("insert into jobs (arguments) values ('{}')")
        store.keep(cursor, Transcript(A, "ok", "en", True, "text"), ("en",), 1)
        store.fill_transcripts(cursor, items)
    row = {"video_id": A, "status": "ok", "language": "en", "is_generated": True, "text": "text"}
    assert [item.transcripts for item in items] == [[row], [row], [{"video_id": B}]]
    assert [item.transcripts_status for item in items] == ["ok", "skipped", "ok"]
