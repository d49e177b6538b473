"""What is odd about whole answers, their values and sizes in real templates. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from n8n_scraper.replica.drafts import Change, Draft


def _inner(**values: Any) -> Change:
    def change(draft: Draft) -> None:
        draft.workflow.update(values)

    return change


def _outer(**values: Any) -> Change:
    def change(draft: Draft) -> None:
        draft.answer.update(values)

    return change


def _saved_keys(draft: Draft) -> None:
    draft.workflow.update(
        id="aB3dE5gH7jK9mN1p",
        name=draft.answer["name"],
        active=False,
        tags=[{"id": "1", "name": "demo"}],
        shared=[{"role": "workflow:owner"}],
        triggerCount=0,
        isArchived=False,
        createdAt=draft.answer["createdAt"],
        updatedAt=draft.answer["createdAt"],
        staticData={"lastRun": 1},
    )


def _wrong_info(draft: Draft) -> None:
    draft.answer["workflowInfo"]["nodeCount"] += 3


def _one_category(draft: Draft) -> None:
    del draft.answer["categories"][1:]


def _quiet_author(draft: Draft) -> None:
    draft.answer["user"].update(bio=None, verified=False, links=[])


def _numbers(draft: Draft) -> None:
    draft.some_node()["parameters"].update(
        chat=9007199254740993,
        negative=-1001234567890123456,
        tiny=orjson.Fragment(b"1.5E-7"),
        wide=orjson.Fragment(b"6.02e+23"),
        precise=orjson.Fragment(b"0.10000000000000000555"),
        zero=orjson.Fragment(b"-0.0"),
    )


def _escaped_nul(draft: Draft) -> None:
    draft.some_node()["parameters"]["jsCode"] = r"return text.replace(/\u0000/g, '').split('\\u0000');"


def _long_text(length: int) -> Change:
    def change(draft: Draft) -> None:
        draft.some_node()["parameters"]["prompt"] = "Tell me more. " * (length // 14)

    return change


def _pin_data(draft: Draft) -> None:
    name = draft.some_node().get("name", "Node")
    rows = [{"json": {"id": n, "text": f"Row {n} of the sample", "ok": n % 2 == 0}} for n in range(40)]
    draft.workflow["pinData"] = {name: rows}


def _formulas(draft: Draft) -> None:
    draft.some_node()["parameters"].update(
        value="=1+1", phone="+49 30 123456", list="- one", user="@example", tab="\t=cmd"
    )


def _deep(draft: Draft) -> None:
    value: Any = "deep"
    for level in range(9):
        value = {f"level{level}": [value]} if level % 2 else {"value": value}
    draft.some_node()["parameters"]["nested"] = value


def _secret(prefix: str, length: int) -> Change:
    """A string that looks like a live token; put together here, so that no scanner finds one in the sources."""

    def change(draft: Draft) -> None:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        token = prefix + "".join(draft.rng.choices(letters, k=length))
        draft.some_node()["parameters"]["headerParameters"] = {
            "parameters": [{"name": "Authorization", "value": f"Bearer {token}"}]
        }
        draft.workflow["pinData"] = {"Config": [{"json": {"token": token}}]}

    return change


CHANGES: dict[str, Change] = {
    "settings_text": _inner(settings='{"executionOrder":"v1"}'),
    "active_text": _inner(active="false"),
    "static_data_text": _inner(staticData="{}"),
    "inner_id_int": _inner(id=17),
    "meta_null": _inner(meta=None),
    "version_id_null": _inner(versionId=None),
    "saved_keys": _saved_keys,
    "info_null": _outer(workflowInfo=None),
    "info_wrong": _wrong_info,
    "no_category": _outer(categories=[]),
    "one_category": _one_category,
    "editor_null": _outer(lastUpdatedBy=None),
    "new_keys": _outer(reviewStatus="approved", readyToDemo=True),
    "quiet_author": _quiet_author,
    "numbers": _numbers,
    "escaped_nul": _escaped_nul,
    "long_text": _long_text(40_000),
    "longer_text": _long_text(140_000),
    "huge_workflow": _long_text(700_000),
    "pin_data": _pin_data,
    "formulas": _formulas,
    "deep": _deep,
    "secret_key": _secret("sk-", 48),
    "secret_apify": _secret("apify_api_", 36),
    "secret_github": _secret("ghp_", 36),
    "secret_airtable": _secret("pat", 14),
}
