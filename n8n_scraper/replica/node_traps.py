"""What is odd about nodes and connections in real templates. Pure."""

from __future__ import annotations

from n8n_scraper.replica.drafts import Change, Draft


def _without(key: str) -> Change:
    def change(draft: Draft) -> None:
        node = next((n for n in draft.working_nodes if n.get("name") not in draft.workflow["connections"]), None)
        (node or draft.some_node()).pop(key, None)

    return change


def _named_credentials(draft: Draft) -> None:
    draft.some_node()["credentials"] = {"smtp": "mail account"}


def _bare_credentials(draft: Draft) -> None:
    draft.some_node()["credentials"] = "mail account"


def _null_slot(draft: Draft) -> None:
    first = next(iter(draft.workflow["connections"].values()))
    first["main"] = [None, *first.get("main", [])]


def _foreign_source(draft: Draft) -> None:
    target = draft.some_node().get("name")
    draft.workflow["connections"]["node1"] = {"main": [[{"node": target, "type": "main", "index": 0}]]}
    draft.workflow["connections"]["nowhere"] = {"main": [[{"node": "Deleted node", "type": "main", "index": 0}]]}


def _rename_node(draft: Draft, old: str, new: str) -> None:
    for node in draft.nodes:
        if node.get("name") == old:
            node["name"] = new
    draft.workflow["connections"] = {
        (new if source == old else source): {
            kind: [[{**end, "node": new if end["node"] == old else end["node"]} for end in slot] for slot in slots]
            for kind, slots in outputs.items()
        }
        for source, outputs in draft.workflow["connections"].items()
    }


def _renamed_source(suffix: str) -> Change:
    def change(draft: Draft) -> None:
        source = next(iter(draft.workflow["connections"]))
        _rename_node(draft, source, f"{source}{suffix}")

    return change


def _duplicate_node_ids(draft: Draft) -> None:
    for node in draft.nodes[:2]:
        node["id"] = "7b0e2f0c-0000-4000-8000-000000000000"


def _duplicate_node_names(draft: Draft) -> None:
    first, *_, last = draft.working_nodes
    last["name"] = first["name"]


def _disabled_node(draft: Draft) -> None:
    draft.some_node()["disabled"] = True


def _community_node(draft: Draft) -> None:
    draft.some_node()["type"] = "@example/n8n-nodes-example.exampleTool"
    draft.some_node()["type"] = "CUSTOM.ownNode"


def _no_notes(draft: Draft) -> None:
    draft.workflow["nodes"] = draft.working_nodes


def _only_notes(draft: Draft) -> None:
    draft.note("Nothing here yet.")
    draft.workflow["nodes"] = draft.notes
    draft.workflow["connections"] = {}


def _single_node(draft: Draft) -> None:
    draft.workflow["nodes"] = draft.working_nodes[:1]
    draft.workflow["connections"] = {}


def _empty_note(draft: Draft) -> None:
    draft.note("")
    del draft.notes[0]["parameters"]["content"]


def _odd_positions(draft: Draft) -> None:
    draft.some_node()["position"] = [120.5, -0.25]
    draft.some_node()["position"] = {"x": 1, "y": 2}


def _extra_node_keys(draft: Draft) -> None:
    draft.some_node().update(
        notes="Read me", notesInFlow=True, retryOnFail=True, maxTries=3, onError="continueErrorOutput"
    )
    draft.some_node().update(
        cid="1", creator="import", httpMethod="GET", webhookId="00000000-0000-4000-8000-000000000000"
    )


CHANGES: dict[str, Change] = {
    **{f"node_without_{key}": _without(key) for key in ("name", "type", "parameters", "id", "position", "typeVersion")},
    "named_credentials": _named_credentials,
    "bare_credentials": _bare_credentials,
    "null_slot": _null_slot,
    "foreign_source": _foreign_source,
    "emoji_key": _renamed_source(" 🚀"),
    "newline_key": _renamed_source("\nsecond line"),
    "duplicate_node_ids": _duplicate_node_ids,
    "duplicate_node_names": _duplicate_node_names,
    "disabled_node": _disabled_node,
    "community_node": _community_node,
    "no_notes": _no_notes,
    "only_notes": _only_notes,
    "single_node": _single_node,
    "empty_note": _empty_note,
    "odd_positions": _odd_positions,
    "extra_node_keys": _extra_node_keys,
}
