"""Workflows with videos, crawled with transcripts past every trouble of a stand-in YouTube: planned, and observed.

What refuses our address stops the stage, so each such trouble is met by a run of its own: it must end well and leave
the rest due, and the next run of the job must go on.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale.trial import Trial

LIBRARY_SHARE = 6
"""A library of so many times the workflows wanted has that many with a video."""
SETTINGS = {
    "N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 200,
    "N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND": 200,
    "DOWNLOAD_TIMEOUT": 2,
}
LAYERS = "layers=1,2,3,media,transcripts"
_VIDEO = re.compile(
    rb"(?:youtu\.be/|youtube(?:-nocookie)?\.com/(?:watch\?v=|embed/|shorts/|live/)|ytimg\.com/vi/|@\[youtube\]\()"
    rb"([\w-]{11})(?![\w-])"
)


class Planned(NamedTuple):
    """A rule of the fault plan but for its video, and what the transcript must come to."""

    rule: dict[str, Any]
    status: str
    kind: str | None = None

    @property
    def outcome(self) -> str:
        return f"{self.status} ({self.kind})" if self.status == "failed" else self.status


def _passes(kind: str, times: int, **rule: Any) -> Planned:
    return Planned({"host": "youtube", "kind": kind, "times": times, **rule}, "ok")


def _lasts(kind: str, failure: str, **rule: Any) -> Planned:
    return Planned({"host": "youtube", "kind": kind, **rule}, "failed", failure)


PLANNED: tuple[Planned, ...] = (
    *(Planned({"kind": kind}, "ok") for kind in ("manual", "generated", "consent")),
    Planned({"kind": "captions_disabled"}, "disabled"),
    Planned({"kind": "other_language"}, "no_language"),
    Planned({"kind": "unavailable"}, "unavailable"),
    Planned({"host": "youtube", "route": "watch", "kind": "404"}, "unavailable"),
    Planned({"kind": "unplayable"}, "unplayable"),
    Planned({"kind": "age_restricted"}, "age_restricted"),
    _passes("500", 1, route="watch"),
    _passes("503", 2, route="player"),
    _passes("429", 1, route="player", retry_after="1"),
    _passes("reset", 1, route="captions"),
    _passes("no_answer", 1, route="player", seconds=60),
    _passes("truncated", 1, route="player"),
    _passes("empty", 2, route="captions"),
    _passes("odd_page", 1),
    _passes("odd_player", 3),
    _passes("slow", 1, route="watch", seconds=1),
    _lasts("502", "server", route="watch"),
    _lasts("429", "rate_limited", route="player", retry_after="1"),
    _lasts("reset", "network", route="player"),
    _lasts("no_answer", "timeout", route="watch", seconds=60),
    _lasts("empty", "malformed", route="captions"),
    _lasts("odd_player", "malformed"),
    _lasts("huge", "too_large", route="watch", bytes=9_000_000),
    _lasts("gzip_bomb", "too_large", route="player", bytes=9_000_000),
    _lasts("418", "unexpected", route="player"),
    _lasts("redirect", "unexpected", route="watch"),
)
STOPPING: tuple[dict[str, Any], ...] = (
    *({"kind": kind, "times": 1} for kind in ("bot", "recaptcha", "po_token", "no_consent")),
    *({"host": "youtube", "route": "watch", "kind": kind, "times": 1} for kind in ("429", "403", "html")),
)
"""Each is met once, by one video."""


@dataclass(frozen=True)
class TranscriptTable:
    """``outcomes`` counts videos by (planned, observed) outcome; ``stops`` tells of each run that was refused how many
    workflows it left due; ``codes`` are the exit codes of all runs, the last one's at the end.
    """

    outcomes: Counter[tuple[str, str]]
    refusals: int
    """Of :data:`STOPPING`, met."""
    stops: list[int]
    codes: list[int]
    fetched_again: int
    """Videos whose captions were sent more often than once."""
    requests: int
    workflows: int
    seconds: float

    @property
    def is_diagonal(self) -> bool:
        return all(planned == observed for planned, observed in self.outcomes) and not self.fetched_again

    @property
    def is_passed(self) -> bool:
        return self.is_diagonal and self.refusals == len(STOPPING) and not any(self.codes)

    def lines(self) -> Iterator[str]:
        """As Markdown."""
        names = sorted({name for pair in self.outcomes for name in pair}, key=lambda name: (name != "ok", name))
        yield "| planned \\ observed | " + " | ".join(names) + " |"
        yield "|---" * (len(names) + 1) + "|"
        for planned in names:
            cells = [str(self.outcomes[planned, observed] or "·") for observed in names]
            yield f"| {planned} | {' | '.join(cells)} |"


def videos_of(count: int, seed: int) -> dict[int, list[str]]:
    """Workflows of the replica's library that link to videos, and which; counted without our parser."""
    library = GeneratedLibrary(Recipe(count=count * LIBRARY_SHARE, seed=seed, icons=0))
    found: dict[int, list[str]] = {}
    for id, entry in sorted(library.entries.items()):
        if entry.listed and entry.is_published and len(found) < count:
            videos = dict.fromkeys(map(bytes.decode, _VIDEO.findall(library.answer(id))))
            found |= {id: list(videos)} if videos else {}
    return found


def run(replica: RunningReplica, folder: Path, *, count: int, seed: int) -> TranscriptTable:
    """``replica`` serves the library that :func:`videos_of` counts.

    Raises:
        StartError: there are too few workflows with videos, or a run did not end well.
    """
    shown = videos_of(count, seed)
    if len(shown) < count:
        raise StartError(f"The library has {len(shown)} workflows with videos only, not {count}.")
    plan, stopping = _make_plan(shown, seed)
    replica.set_faults(*stopping, *_rules(plan), seed=seed)
    trial = Trial(folder, replica, SETTINGS)
    words = (f"ids={','.join(map(str, shown))}", LAYERS)
    stops: list[int] = []
    codes: list[int] = []
    began = time.monotonic()
    try:
        while len(codes) <= len(STOPPING):
            codes.append(trial.start(*words).wait())
            [left] = trial.rows("select count(*) from observed where transcripts_status = 'blocked'")
            if codes[-1] or not left["count"]:
                break
            stops.append(left["count"])
        seconds = time.monotonic() - began
        refusals = sum(rule["fired"] for rule in replica.faults()["rules"][: len(STOPPING)])
        sent = _sent(replica, plan)
        return TranscriptTable(_outcomes(trial, plan), refusals, stops, codes, *sent, len(shown), seconds)
    finally:
        trial.close()


def _make_plan(shown: Mapping[int, Sequence[str]], seed: int) -> tuple[dict[str, Planned], list[dict[str, Any]]]:
    """What each video comes to, and rules that stop the stage at some of them, spread over the workflows."""
    rng = random.Random(seed)  # noqa: S311 - a plan, not a secret
    videos = list(dict.fromkeys(id for ids in shown.values() for id in ids))
    planned = [PLANNED[number % len(PLANNED)] for number in range(len(videos))]
    rng.shuffle(planned)
    step = len(videos) // (len(STOPPING) + 1)
    stopping = [{**rule, "video": videos[step * number]} for number, rule in enumerate(STOPPING, 1)]
    return dict(zip(videos, planned, strict=True)), stopping


def _rules(plan: Mapping[str, Planned]) -> list[dict[str, Any]]:
    return [
        {**planned.rule, "video": [id for id, its in plan.items() if its is planned]}
        for planned in PLANNED
        if planned in plan.values()
    ]


def _outcomes(trial: Trial, plan: Mapping[str, Planned]) -> Counter[tuple[str, str]]:
    rows = trial.rows("select video_id, status, error_kind from transcripts")
    observed = {row["video_id"]: Planned({}, row["status"], row["error_kind"]).outcome for row in rows}
    outcomes = Counter((planned.outcome, observed.pop(id, "lost")) for id, planned in plan.items())
    return outcomes + Counter(("not planned", outcome) for outcome in observed.values())


def _sent(replica: RunningReplica, plan: Mapping[str, Planned]) -> tuple[int, int]:
    """Videos whose good captions were sent twice, and requests to YouTube."""
    entries = [entry for entry in replica.entries() if entry["host"] == "youtube"]
    whole = Counter(e["video"] for e in entries if e["path"].startswith("/api/timedtext") and "fault" not in e)
    again = sum(1 for id, count in whole.items() if count > 1 and id in plan)
    return again, len(entries)
