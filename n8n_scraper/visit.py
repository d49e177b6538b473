"""One workflow being crawled: the answers that came, those that failed, and the row they make together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.failures import KINDS
from n8n_scraper.items import LAYERS, STAGES, WorkflowItem
from n8n_scraper.layers.row import add_editor, add_page, add_price, from_detail, from_page
from n8n_scraper.site.detail import Detail, EditorFacts
from n8n_scraper.site.page import PageFacts

Source = Literal["detail", "page", "editor"]
Answer = Detail | PageFacts | EditorFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is known of a workflow before it is asked for."""

    layers: tuple[int, ...]
    """Layers asked for."""
    stored_layers: frozenset[int] = frozenset()
    """Layers its row holds already; an answer that carries them refreshes them too."""
    address: str | None = None
    """Of its page, as the sitemap gives it."""
    slug: str | None = None
    is_listed: bool | None = None
    price: tuple[bool, float] | None = None
    """(is_paid, price in US dollars) from the listing."""
    api_open: bool = True
    """robots.txt lets us ask the API."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """State of one workflow between its first request and its row."""

    id: int
    wanted: Wanted
    attempts: dict[str, int] = field(default_factory=dict)
    """Requests made so far, by source, earlier runs of the job included."""
    request_count: int = 0
    service_seconds: float = 0.0
    answers: dict[Source, Answer] = field(default_factory=dict)
    failures: dict[Source, UnusableAnswer] = field(default_factory=dict)
    disallowed: set[Source] = field(default_factory=set)
    open: set[Source] = field(default_factory=set)
    """Sources asked or waiting for a retry."""
    html: str | None = None
    rejected: Counter[str] = field(default_factory=Counter)
    """What looked like an image or a video and was kept out of the inventory, by reason."""
    mismatches: list[str] = field(default_factory=list)
    """Fields where page and API disagreed."""

    @property
    def primary(self) -> Source:
        return "detail" if self.wanted.api_open else "page"

    def take(self, source: Source, answer: Answer, html: str | None = None) -> None:
        self.open.discard(source)
        self.answers[source] = answer
        if source == "page":
            self.html = html

    def fail(self, source: Source, failure: UnusableAnswer) -> None:
        self.open.discard(source)
        self.failures[source] = failure

    def disallow(self, source: Source) -> None:
        """robots.txt forbids this one address."""
        self.open.discard(source)
        self.disallowed.add(source)

    def give_back(self, count: int) -> None:
        """Forget ``count`` failed attempts."""
        for source, made in self.attempts.items():
            forgotten = min(count, made)
            self.attempts[source] = made - forgotten
            count -= forgotten

    def lacks_price(self) -> bool:
        """The workflow is there, and no source asked so far tells what it costs."""
        return "detail" in self.answers and self.wanted.price is None and not self.answers.keys() & {"page", "editor"}

    def row(self, run_id: str) -> WorkflowItem:
        """The row that the answers make; what failed is in its statuses, never left out."""
        item = WorkflowItem(
            id=self.id,
            url=self.wanted.address,
            slug=self.wanted.slug,
            is_listed=self.wanted.is_listed,
            run_id=run_id,
            attempt_count=max(self.attempts.values(), default=1),
            request_count=self.request_count,
            service_seconds=round(self.service_seconds, 6),
        )
        for layer, column in LAYERS.items():
            setattr(item, column, "failed" if layer in self.wanted.layers else "skipped")
        self._fill(item)
        self._note_failure(item)
        return item

    def _fill(self, item: WorkflowItem) -> None:
        detail, page, editor = (self.answers.get(source) for source in ("detail", "page", "editor"))
        layers = sorted({*self.wanted.layers, *self.wanted.stored_layers})
        if isinstance(detail, Detail):
            self.rejected = from_detail(item, detail.workflow, layers)
            if isinstance(page, PageFacts):
                self.mismatches = add_page(item, page)
        elif isinstance(page, PageFacts):
            self.rejected = from_page(item, page, self.html or "", layers)
        if isinstance(editor, EditorFacts):
            add_editor(item, editor)
        if self.wanted.price:
            add_price(item, *self.wanted.price)
        if not self.wanted.api_open and 2 in self.wanted.layers:
            item.layer2_status = "disallowed"

    def _note_failure(self, item: WorkflowItem) -> None:
        if self.primary in self.disallowed:
            self._mark(item, "disallowed", self.wanted.layers)
            return
        main = self.failures.get(self.primary)
        if main is not None:
            self._mark(item, KINDS[main.kind].layer_status, self._lost_layers(main))
            item.error_kind, item.error = main.kind, main.reason
            return
        for failure in self.failures.values():
            if failure.kind != "gone":  # a page that is not there leaves the price unknown, and nothing failed
                self._mark(item, KINDS[failure.kind].layer_status, {1} & set(self.wanted.layers))
                item.error_kind, item.error = failure.kind, failure.reason

    def _lost_layers(self, main: UnusableAnswer) -> Collection[int]:
        """Layers that go with the main answer: the page, where it came, still has layers 1 and 3."""
        if main.kind == "gone":
            return LAYERS
        return {2} & set(self.wanted.layers) if "page" in self.answers else self.wanted.layers

    def _mark(self, item: WorkflowItem, status: str, layers: Collection[int]) -> None:
        for layer in layers:
            if getattr(item, LAYERS[layer]) != "disallowed" or status == "gone":
                setattr(item, LAYERS[layer], status)


def failed_row(
    id: int, layers: Collection[int], run_id: str, kind: str, reason: str, *, stages: Collection[str] = ()
) -> WorkflowItem:
    """The row of a workflow that our own fault took away: nothing but what failed."""
    asked = {*layers, *stages}
    columns = (*LAYERS.items(), *STAGES.items())
    statuses = {column: "failed" if layer in asked else "skipped" for layer, column in columns}
    return WorkflowItem(
        id=id,
        run_id=run_id,
        error_kind=kind,
        error=reason,
        attempt_count=1,
        request_count=0,
        service_seconds=0.0,
        **statuses,  # type: ignore[arg-type]  # mypy cannot tell the keyword names
    )
