"""What the answers of one workflow make, good and bad, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.failures import KINDS
from n8n_scraper.items import LAYERS
from n8n_scraper.site.detail import Detail, EditorFacts
from n8n_scraper.site.page import PageFacts
from n8n_scraper.visit import Visit, Wanted, failed_row

DETAIL = Detail(
    {
        "id": 1, "name": "One", "description": "Text", "user": {"name": "A", "username": "a"}, "categories": [],
        "workflow": {"nodes": [], "connections": {}},
    },
    repaired=False,
)  # fmt: skip
ADDRESS = "https://n8n.io/workflows/1-one/"
PAGE = PageFacts(
    id=1, slug="one", url=ADDRESS, title="One", author_name="A", author_username="a", categories=[], is_paid=True,
    price_usd=20.0, description="Text", images=[], videos=[], is_template=True,
)  # fmt: skip


def visited(answers: dict[Any, Any], failures: dict[Any, str], **wanted: Any) -> Visit:
    visit = Visit(id=1, wanted=Wanted(**({"layers": (1, 2, 3)} | wanted)))
    for source, answer in answers.items():
        visit.take(source, answer)
    for source, kind in failures.items():
        visit.fail(source, UnusableAnswer(kind, "reason"))
    return visit


@pytest.mark.parametrize(
    ("answers", "failures", "wanted", "statuses", "error_kind"),
    [
        ({"detail": DETAIL}, {}, {}, "ok ok ok", None),
        ({"detail": DETAIL, "page": PAGE}, {}, {}, "ok ok ok", None),
        ({"detail": DETAIL}, {}, {"layers": (1,)}, "ok skipped skipped", None),
        ({"detail": DETAIL}, {}, {"layers": (1,), "stored_layers": frozenset({2, 3})}, "ok ok ok", None),
        # the source of the price failed: layer 1 is not whole
        ({"detail": DETAIL}, {"page": "server"}, {}, "failed ok ok", "server"),
        ({"detail": DETAIL}, {"page": "blocked"}, {}, "blocked ok ok", "blocked"),
        ({"detail": DETAIL}, {"page": "gone"}, {}, "ok ok ok", None),
        ({"detail": DETAIL}, {"editor": "timeout"}, {}, "failed ok ok", "timeout"),
        # the main answer failed
        *(({}, {"detail": kind}, {}, " ".join([KINDS[kind].layer_status] * 3), kind) for kind in KINDS),
        ({"page": PAGE}, {"detail": "server"}, {}, "ok failed ok", "server"),
        ({"page": PAGE}, {"detail": "gone"}, {"layers": (1,)}, "gone gone gone", "gone"),
        # a closed API
        ({"page": PAGE}, {}, {"api_open": False}, "ok disallowed ok", None),
        ({"page": PAGE}, {}, {"api_open": False, "layers": (1, 3)}, "ok skipped ok", None),
        ({}, {"page": "network"}, {"api_open": False}, "failed disallowed failed", "network"),
        ({}, {"page": "gone"}, {"api_open": False}, "gone gone gone", "gone"),
    ],
)  # fmt: skip
def test_statuses_of_a_row(
    answers: dict[Any, Any], failures: dict[Any, str], wanted: dict[str, Any], statuses: str, error_kind: str | None
) -> None:
    item = visited(answers, failures, **wanted).row("run")
    assert " ".join(getattr(item, column) for column in LAYERS.values()) == statuses
    assert (item.error_kind, item.error) == (error_kind, "reason" if error_kind else None)


def test_prices_from_each_source() -> None:
    assert visited({"detail": DETAIL}, {}).row("run").is_paid is None
    assert visited({"detail": DETAIL}, {}, price=(True, 9.0)).row("run").price_usd == 9.0
    assert visited({"detail": DETAIL, "page": PAGE}, {}).row("run").price_usd == 20.0
    free = EditorFacts(is_paid=False, price_usd=0.0, updated_at=None, status="published")
    assert visited({"detail": DETAIL, "editor": free}, {}).row("run").is_paid is False


def test_only_a_workflow_that_is_there_and_has_no_price_lacks_one() -> None:
    assert visited({"detail": DETAIL}, {}).lacks_price()
    assert not visited({"detail": DETAIL}, {}, price=(False, 0.0)).lacks_price()
    assert not visited({"detail": DETAIL, "page": PAGE}, {}).lacks_price()
    assert not visited({}, {"detail": "gone"}).lacks_price()


def test_attempts_are_given_back_across_sources() -> None:
    visit = Visit(id=1, wanted=Wanted(layers=(1,)), attempts={"detail": 2, "page": 3})
    visit.give_back(4)
    assert visit.attempts == {"detail": 0, "page": 1}


def test_a_row_of_our_own_fault() -> None:
    item = failed_row(7, (1, 3), "run", "internal", "RuntimeError in a pipeline")
    assert [getattr(item, column) for column in LAYERS.values()] == ["failed", "skipped", "failed"]
    assert (item.error_kind, item.error) == ("internal", "RuntimeError in a pipeline")
