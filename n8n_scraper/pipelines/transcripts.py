"""Asks YouTube for what is said in the videos of a workflow; opt-in, see the README for why."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta, timezone
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from scrapy.exceptions import NotConfigured

from n8n_scraper import stats
from n8n_scraper.addon import user_agent
from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.extensions.rate import RateExtension
from n8n_scraper.layers.transcripts import Transcript, join_lines, layer_status, video_ids
from n8n_scraper.pipelines.acknowledge import asked_stages, later
from n8n_scraper.politeness.backoff import LONGEST_SECONDS
from n8n_scraper.politeness.gate import GateClosed
from n8n_scraper.project import load_config
from n8n_scraper.setting_rules import YOUTUBE_URL
from n8n_scraper.stages import decided, note_outcome
from n8n_scraper.store import jobs
from n8n_scraper.transcripts.stage import Stage, Terms

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.items import WorkflowItem
    from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)
NAME = "transcripts"
_LATE = ("fetching", "transport")
"""Modules that need requests: imported only where transcripts are asked for."""
CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0


class TranscriptsPipeline:
    def __init__(self, crawler: Crawler, rate: RateExtension) -> None:
        self._crawler = crawler
        self._rate = rate
        self._config = load_config(crawler.settings)
        self._stage: asyncio.Task[Stage] | None = None
        self._begun: dict[int, asyncio.Task[list[Transcript]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if NAME not in asked_stages(crawler):
            raise NotConfigured
        for module in _LATE:  # now, so that the first workflow with a video does not wait for them
            import_module(f"n8n_scraper.transcripts.{module}")
        rate = crawler.get_extension(RateExtension)
        assert rate is not None
        return cls(crawler, rate)

    async def process_item(self, item: WorkflowItem) -> WorkflowItem:
        ids = None if item.videos is None else video_ids(item.videos)
        status = decided(item, ids)
        if status is not None:
            note_outcome(item, NAME, status)
            return item
        assert ids is not None
        with later(self._crawler, item):
            transcripts = await (self._begun.pop(item.id, None) or self._transcripts(ids))
        item.transcripts = [transcript.row() for transcript in transcripts]
        note_outcome(item, NAME, layer_status(transcripts), _failure(transcripts))
        return item

    def begin(self, item: WorkflowItem) -> None:
        """Ask for the transcripts of an item that is still to come."""
        ids = video_ids(item.videos or ())
        if decided(item, ids) is None:
            task = self._begun[item.id] = asyncio.ensure_future(self._transcripts(ids))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # the item may never come

    async def _transcripts(self, ids: list[str]) -> list[Transcript]:
        stage = await self._open_stage()
        return [await stage.transcript(id) for id in ids]

    async def _open_stage(self) -> Stage:
        """The one stage of the run, opened by the first item with a video."""
        if self._stage is None:
            self._stage = asyncio.ensure_future(self._new_stage())
        return await self._stage

    async def _new_stage(self) -> Stage:
        if self._config.youtube_url == YOUTUBE_URL:
            logger.warning(
                "Transcripts are asked of YouTube, whose terms bar automated access without permission and whose"
                " robots.txt youtube-transcript-api does not read: layers=transcripts says that you may."
            )
        return Stage(
            cast("WorkflowsSpider", self._crawler.spider).session,
            await self._terms(),
            self._fetch,
            self._rate.pause,
            lambda status: self._crawler.stats.inc_value(stats.TRANSCRIPT_COUNT.format(status)),
        )

    async def _terms(self) -> Terms:
        spider = cast("WorkflowsSpider", self._crawler.spider)
        assert spider.job is not None
        renewed_since: datetime | None = None
        if spider.arguments.refresh == "all":
            renewed_since = await spider.session.run(partial(jobs.created_at, job_id=spider.job.id))
        elif isinstance(spider.arguments.refresh, (int, float)):
            renewed_since = datetime.now(timezone.utc) - timedelta(days=spider.arguments.refresh)
        return Terms(
            languages=self._config.transcript_languages,
            job_id=spider.job.id,
            renewed_since=renewed_since,
            failures_in_row=self._config.breaker_threshold,
            time_factor=self._config.time_factor,
        )

    async def _fetch(self, video_id: str) -> Transcript:
        """In a thread; when the crawl ends, nobody waits for it.

        Raises:
            GateClosed: the crawl is ending.
            Exception: whatever ``outcomes.judge`` knows.
        """
        from n8n_scraper.transcripts.fetching import in_thread  # noqa: PLC0415 - requests, only where it is needed

        fetching = asyncio.wrap_future(in_thread(partial(self._work, video_id, asyncio.get_running_loop())))
        ended = asyncio.ensure_future(self._rate.pause(LONGEST_SECONDS))
        either: set[asyncio.Future[Any]] = {fetching, ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not fetching.done():
            fetching.add_done_callback(lambda late: late.cancelled() or late.exception())  # and nobody asks for it
            raise GateClosed
        return await fetching

    def _work(self, video_id: str, loop: asyncio.AbstractEventLoop) -> Transcript:
        from n8n_scraper.transcripts.fetching import fetch_captions  # noqa: PLC0415 - as above
        from n8n_scraper.transcripts.transport import Limits, Transport, new_session  # noqa: PLC0415 - as above

        def take_turn(number: int) -> None:
            asyncio.run_coroutine_threadsafe(self._rate.admit(YOUTUBE_URL, priority=number), loop).result()
            loop.call_soon_threadsafe(self._crawler.stats.inc_value, stats.TRANSCRIPT_REQUEST_COUNT)

        def tell(status: int, sent_at: float, wait: float | None) -> None:
            wait = (wait or 0.0) / self._config.time_factor
            asyncio.run_coroutine_threadsafe(self._rate.answered(YOUTUBE_URL, status, sent_at, wait), loop).result()

        config, timeout = self._config, self._crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        limits = Limits(min(CONNECT_SECONDS, timeout), min(READ_SECONDS, timeout), timeout, config.max_body_bytes)
        with new_session(Transport(config.youtube_url, limits, take_turn, tell), user_agent(config)) as session:
            found = fetch_captions(video_id, session, config.transcript_languages, config.transcript_proxy)
        text = join_lines(found.lines, redact=config.redact_secrets)
        if not text:
            return Transcript(video_id, "empty", found.language, found.is_generated)
        return Transcript(video_id, "ok", found.language, found.is_generated, text)


class TranscriptsBeginning:
    """Goes before the images, so that the transcripts of a workflow begin beside them; it notes nothing itself."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if NAME not in asked_stages(crawler):
            raise NotConfigured
        return cls(crawler)

    def process_item(self, item: WorkflowItem) -> WorkflowItem:
        pipeline = self._crawler.get_item_pipeline(TranscriptsPipeline)
        assert pipeline is not None
        pipeline.begin(item)
        return item


def _failure(transcripts: list[Transcript]) -> UnusableAnswer | None:
    """Of the layer: that of a video which is still due."""
    status = layer_status(transcripts)
    if status not in {"failed", "blocked"}:
        return None
    worst = next(transcript for transcript in transcripts if transcript.status == status)
    return UnusableAnswer(worst.error_kind or "unexpected", worst.error or "")
