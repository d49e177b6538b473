"""The pipeline and the row: what is stored, counted and said of a workflow with secrets."""

from __future__ import annotations

import copy
import json
import logging
from dataclasses import asdict
from typing import Any

import pytest
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler

from n8n_scraper import stats
from n8n_scraper.items import COLUMNS, WorkflowItem
from n8n_scraper.layers.row import add_page, from_detail, from_page
from n8n_scraper.pipelines.redaction import RedactionPipeline
from n8n_scraper.redaction.row import redact_row
from n8n_scraper.site.addresses import Site
from n8n_scraper.site.page import PageFacts, read_page

from ..redaction_samples import HEX, TOKENS, some

SITE = Site("https://n8n.io", "https://api.n8n.io")
OPENAI, GITHUB, TELEGRAM, STRIPE = (TOKENS[kind][0] for kind in ("openai", "github", "telegram", "stripe"))
KEY, PASSWORD = some(32, HEX), "Gr7!kd82#qLz"
SECRETS = (OPENAI, GITHUB, TELEGRAM, STRIPE, KEY, PASSWORD)


def answer() -> dict[str, Any]:
    """A secret in every place of an answer that makes a column: 13 in all."""
    note = {
        "name": f"Note {GITHUB}",
        "type": "n8n-nodes-base.stickyNote",
        "parameters": {"content": f"## Key\n`{OPENAI}`"},
    }
    request = {
        "name": "Ask",
        "type": "n8n-nodes-base.httpRequest",
        "parameters": {
            "url": f"https://api.telegram.org/bot{TELEGRAM}/getMe",
            "headerParameters": {"parameters": [{"name": "X-Api-Key", "value": KEY}]},
            "jsonBody": f'={{"password": "{PASSWORD}", "id": "{{{{ $json.id }}}}"}}',
        },
    }
    return {
        "id": 7,
        "name": f"Ask with {OPENAI}",
        "description": f"## Setup {STRIPE}\n[Log in](https://x.io/?key={KEY})\n```\ncurl {GITHUB}\n```\n![a](https://x.io/a.png?key={KEY})",
        "user": {"name": f"Ada {STRIPE}", "username": "ada", "bio": f"mine: {KEY}"},
        "categories": [{"name": "AI"}],
        "createdAt": "2024-05-06T07:08:09.123Z",
        "image": [],
        "workflow": {"nodes": [request, note], "connections": {f"Note {GITHUB}": {}}},
    }  # fmt: skip


def item_of(workflow: dict[str, Any], layers: tuple[int, ...] = (1, 2, 3)) -> WorkflowItem:
    item = WorkflowItem(id=7, run_id="run")
    from_detail(item, workflow, layers)
    return item


def everything(item: WorkflowItem) -> str:
    return json.dumps(asdict(item), default=str, ensure_ascii=False)


def crawler(**settings: Any) -> Crawler:
    return get_crawler(settings_dict={"DATABASE_URL": "", **settings})


@pytest.fixture
def pipeline() -> RedactionPipeline:
    return RedactionPipeline.from_crawler(crawler())


def test_no_column_and_no_answer_holds_a_secret() -> None:
    item = item_of(answer())
    original_hash = item.content_hash
    assert all(secret in everything(item) for secret in (OPENAI, GITHUB, TELEGRAM, STRIPE, KEY))
    redacted = redact_row(item, SITE)
    assert [secret for secret in SECRETS if secret in everything(item)] == []
    assert item.redaction_count == len(redacted.findings) == 13
    assert item.content_hash == original_hash
    assert isinstance(item.answer, dict)
    assert item.workflow is item.answer["workflow"]
    assert item.name == "Ask with [REDACTED:openai]"
    assert item.author_name == "Ada [REDACTED:stripe]"
    assert (item.sections or [])[0]["title"] == "Setup [REDACTED:stripe]"
    assert (item.links or [])[0]["url"].startswith("https://x.io/?key=")
    assert (item.images or [])[0]["url"] == "https://x.io/a.png?key=[REDACTED:api-key]"
    assert item.sticky_notes == [{"node_name": "Note [REDACTED:github]", "text": "## Key\n`[REDACTED:openai]`"}]
    assert "[REDACTED:openai]" in (item.explainer_text or "")


def test_what_others_hold_stays_as_it_is() -> None:
    workflow, same = answer(), answer()
    redact_row(item_of(workflow), SITE)
    assert workflow == same


def test_without_secrets_nothing_changes_but_the_count() -> None:
    workflow = answer()
    clean = json.loads(json.dumps(workflow).replace(PASSWORD, "x"))
    for secret in SECRETS:
        clean = json.loads(json.dumps(clean).replace(json.dumps(secret)[1:-1], "task-list"))
    item, before = item_of(clean), item_of(copy.deepcopy(clean))
    assert redact_row(item, SITE).findings == []
    assert item.redaction_count == 0
    before.redaction_count = 0
    assert item == before
    assert item.answer is clean


def test_columns_that_were_not_asked_for_or_were_put_out_stay_null() -> None:
    item = item_of(answer(), layers=(1,))
    item.name = item.created_at = None
    redact_row(item, SITE)
    filled = {c.name for c in COLUMNS if c.written in ("content", "derived") and getattr(item, c.name) is not None}
    assert filled == {"content_hash", "redaction_count", "parser_version"}
    assert item.created_at is None
    assert item.layer2_status == "skipped"


def test_addresses_that_only_the_page_has() -> None:
    item = item_of(answer())
    images = [("https://x.io/b.png?token=" + KEY, "b"), ("https://x.io/c.png", "c")]
    add_page(item, PageFacts(True, url="https://n8n.io/workflows/7-ask/", slug="ask", is_paid=False, images=images))
    redact_row(item, SITE)
    assert [(image["url"], image["found_in"]) for image in item.images or ()] == [
        ("https://x.io/a.png?key=[REDACTED:api-key]", "description"),
        ("https://x.io/b.png?token=[REDACTED:token]", "page"),
        ("https://x.io/c.png", "page"),
    ]
    assert (item.url, item.redaction_count) == ("https://n8n.io/workflows/7-ask/", 14)


def test_a_page() -> None:
    """The description is Markdown made from the page, where an underscore may have a backslash before it."""
    html = (
        '<html><head><link rel="canonical" href="https://n8n.io/workflows/7-ask/"></head><body><h1>Ask</h1><p>Use for free</p>'
        '<p>Created by <a href="/creators/ada/">Ada</a></p><p>Last update 4 days ago</p><p>Categories</p>'
        f'<a href="/workflows/categories/ai/">AI</a><p>Share</p><div><h2>Setup</h2>\n<p>Key: {STRIPE} and {"word " * 60}</p>'
        f"<p>postgres://ada:Gr7&amp;kd82@db.acme.io/app</p></div><section class='section-creator-workflows'></section></body></html>"
    )
    item = WorkflowItem(id=7)
    from_page(item, read_page(html.encode(), "utf-8", SITE), html)
    assert "Gr7&kd82" in (item.description or "")
    assert redact_row(item, SITE).findings == [("line 2", "stripe"), ("line 2", "connection-string")]
    assert STRIPE not in everything(item)
    assert "Gr7" not in everything(item)
    assert r"Key: \[REDACTED:stripe\] and" in (item.description or "")  # as any bracket in Markdown made of a page
    assert "Key: [REDACTED:stripe] and" in (item.explainer_text or "")
    assert "[REDACTED:connection-string]@db" in (item.explainer_text or "")
    assert item.redaction_count == 2


def test_counted_and_logged_without_the_secrets(pipeline: RedactionPipeline, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        pipeline.process_item(item_of(answer()))
    [message] = caplog.messages
    assert message.startswith("Workflow 7: 13 secrets redacted (openai 2, stripe 2, api-key 4, github 3, telegram 1, ")
    assert message.endswith(" at $.name, $.description, $.user.name and 7 more")
    assert not [secret for secret in SECRETS if secret in message]
    counted = pipeline._crawler.stats.get_stats()
    assert counted[stats.REDACTED_WORKFLOW_COUNT] == 1
    assert counted[stats.REDACTION_COUNT.format("openai")] == 2
    assert sum(count for name, count in counted.items() if name.startswith("redaction/secret_count/")) == 13


def test_a_log_line_is_one_line(pipeline: RedactionPipeline, caplog: pytest.LogCaptureFixture) -> None:
    keys = {f"{number}\x1b[31m\r\n\u202e\ud800" * 50: f"Bearer {some(40)}" for number in range(9)}
    with caplog.at_level(logging.INFO):
        pipeline.process_item(item_of({"name": "a", "workflow": {"nodes": [], "meta": keys}}))
    [message] = caplog.messages
    assert message.isprintable()
    assert len(message) < 700


def test_silent_where_nothing_was_found(pipeline: RedactionPipeline, caplog: pytest.LogCaptureFixture) -> None:
    without_content = WorkflowItem(id=8, run_id="run", error_kind="server")
    assert pipeline.process_item(without_content).redaction_count is None
    assert pipeline.process_item(item_of({"name": "task-list", "workflow": {"nodes": []}})).redaction_count == 0
    assert caplog.messages == []
    assert "redaction" not in str(pipeline._crawler.stats.get_stats())


def test_off() -> None:
    with pytest.raises(NotConfigured, match="N8N_SCRAPER_REDACT_SECRETS"):
        RedactionPipeline.from_crawler(crawler(N8N_SCRAPER_REDACT_SECRETS="False"))
