"""Which videos are asked for a transcript, when, and what is kept of the answer. No Scrapy, no requests."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.layers.transcripts import Transcript
from n8n_scraper.politeness.backoff import PUT_OFF_SECONDS, retry_delay
from n8n_scraper.store import transcripts as store
from n8n_scraper.store.session import Session
from n8n_scraper.transcripts.outcomes import PERMANENT, Outcome, judge

logger = logging.getLogger(__name__)
AT_ONCE = 4
"""Videos under way: one that hangs must not hold up the others."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What this run asks for."""

    languages: tuple[str, ...]
    job_id: int
    renewed_since: datetime | None = None
    """A video without a transcript is asked for again, if that was said before this moment."""
    failures_in_row: int = 10
    """So many videos that fail one after the other stop the stage."""
    time_factor: float = 1.0
    """What the setting says; waits are by the true clock until they are waited for."""


def is_due(known: store.Known | None, terms: Terms) -> bool:
    """Whether a video is to be asked for in this run."""
    if known is None:
        return True
    status = known.transcript.status
    if status == "ok":
        return known.transcript.language not in terms.languages
    if status == "no_language" and known.languages != terms.languages:
        return True
    if status in PERMANENT:
        return terms.renewed_since is not None and known.asked_at < terms.renewed_since
    is_last_word = status == "failed" and known.job_id == terms.job_id and known.not_before is None
    return not is_last_word


class Stage:
    """``fetch(video_id)`` brings a transcript or raises what ``outcomes.judge`` knows; ``pause(seconds)`` waits, and
    raises when the crawl ends meanwhile; ``count(status)`` hears of each video that was asked for.
    """

    def __init__(
        self,
        session: Session,
        terms: Terms,
        fetch: Callable[[str], Awaitable[Transcript]],
        pause: Callable[[float], Awaitable[None]],
        count: Callable[[str], None],
    ) -> None:
        self._session = session
        self._terms = terms
        self._fetch = fetch
        self._pause = pause
        self._count = count
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[Transcript]] = {}
        self._stopped: Outcome | None = None
        self._failed_in_row = 0
        self._hold_until = 0.0  # of time.monotonic
        self._begun: asyncio.Task[None] | None = None

    async def transcript(self, video_id: str) -> Transcript:
        """Of one video, from the store or from YouTube; two workflows that show it ask once."""
        if self._begun is None:
            self._begun = asyncio.ensure_future(self._begin())
        await self._begun
        task = self._under_way.get(video_id)
        if task is None:
            task = self._under_way[video_id] = asyncio.ensure_future(self._one(video_id))
            task.add_done_callback(lambda done: self._under_way.pop(video_id, None))
        return await task

    async def _begin(self) -> None:
        until = await self._session.run(store.read_wait)
        if until is not None:
            self._stop(_wait_outcome(until))

    async def _one(self, video_id: str) -> Transcript:
        known = await self._session.run(partial(store.read_known, video_id=video_id))
        if not is_due(known, self._terms):
            assert known is not None
            return known.transcript
        async with self._places:
            found = await self._ask(video_id, known)
        if found.status in PERMANENT or known is None or known.transcript.status not in PERMANENT:
            return found
        return known.transcript  # a failure replaces nothing that is known

    async def _ask(self, video_id: str, known: store.Known | None) -> Transcript:
        attempt, due = _attempts(known, self._terms.job_id)
        await self._wait(due)
        while self._stopped is None:
            attempt += 1
            [found] = await asyncio.gather(self._fetch(video_id), return_exceptions=True)
            if isinstance(found, Transcript):
                return await self._settle(found)
            outcome = judge(found)
            if outcome is None:
                raise found
            retry_after = found.retry_after if isinstance(found, UnusableAnswer) else None
            transcript = Transcript(
                video_id, outcome.status, error_kind=outcome.kind, error=outcome.reason if outcome.kind else None
            )
            if outcome.action == "settle":
                return await self._settle(transcript)
            if outcome.action == "stop":
                self._stop(outcome)
                break
            delay = retry_delay(outcome.kind or "unexpected", attempt, retry_after, random.random)
            if delay is None or outcome.action == "fail":
                return await self._give_up(transcript, outcome, attempt, known)
            if delay > PUT_OFF_SECONDS:
                return await self._put_off(video_id, delay, known)
            await self._retry_in(delay, transcript, attempt, known, is_for_all=outcome.kind == "rate_limited")
        return await self._refuse(video_id, known)

    async def _settle(self, transcript: Transcript) -> Transcript:
        self._failed_in_row = 0
        self._count(transcript.status)
        await self._keep(transcript)
        return transcript

    async def _give_up(
        self, transcript: Transcript, outcome: Outcome, attempt: int, known: store.Known | None
    ) -> Transcript:
        self._count(transcript.status)
        await self._keep(transcript, known, attempt)
        self._failed_in_row += 1
        if self._failed_in_row >= self._terms.failures_in_row and self._stopped is None:
            reason = f"{self._failed_in_row} videos failed one after the other, the last because {outcome.reason}"
            self._stop(Outcome("stop", "blocked", outcome.kind, reason))
        return transcript

    async def _put_off(self, video_id: str, delay: float, known: store.Known | None) -> Transcript:
        until = datetime.now(timezone.utc) + timedelta(seconds=delay / self._terms.time_factor)
        self._stop(_wait_outcome(until))
        return await self._refuse(video_id, known, until)

    async def _refuse(self, video_id: str, known: store.Known | None, until: datetime | None = None) -> Transcript:
        """Left to the next run."""
        assert self._stopped is not None
        self._count("blocked")
        transcript = Transcript(video_id, "blocked", error_kind=self._stopped.kind, error=self._stopped.reason)
        await self._keep(transcript, known, not_before=until)
        return transcript

    async def _retry_in(
        self, seconds: float, transcript: Transcript, attempt: int, known: store.Known | None, *, is_for_all: bool
    ) -> None:
        wait = seconds / self._terms.time_factor
        due = datetime.now(timezone.utc) + timedelta(seconds=wait)
        await self._keep(transcript, known, attempt, due)
        if is_for_all:
            self._hold_until = max(self._hold_until, time.monotonic() + wait)
        await self._wait(due)

    async def _wait(self, due: datetime | None) -> None:
        """Until a video may be asked for: the time it was put off to, and that before which YouTube wants nothing."""
        wait = (due - datetime.now(timezone.utc)).total_seconds() if due else 0.0
        while (seconds := max(wait, self._hold_until - time.monotonic())) > 0 and self._stopped is None:
            await self._pause(seconds)
            wait = 0.0

    async def _keep(
        self,
        transcript: Transcript,
        known: store.Known | None = None,
        attempt: int = 0,
        not_before: datetime | None = None,
    ) -> None:
        if transcript.status not in PERMANENT and known is not None and known.transcript.status in PERMANENT:
            return
        keep = partial(
            store.keep,
            transcript=transcript,
            languages=self._terms.languages,
            job_id=self._terms.job_id,
            attempt_count=attempt,
            not_before=not_before,
        )
        await self._session.run(keep)

    def _stop(self, outcome: Outcome) -> None:
        if self._stopped is None:
            self._stopped = outcome
            logger.warning(
                "Transcripts stop: %s. What is left of them is due in the next run; the crawl goes on.", outcome.reason
            )


def _attempts(known: store.Known | None, job_id: int) -> tuple[int, datetime | None]:
    """Attempts that this job made already, and when the next one is due."""
    if known is None or known.transcript.status != "failed" or known.job_id != job_id:
        return 0, None
    return known.attempt_count, known.not_before


def _wait_outcome(until: datetime) -> Outcome:
    return Outcome("stop", "blocked", "rate_limited", f"YouTube asked for a wait until {until:%Y-%m-%d %H:%M} UTC")
