"""Parameters of generated nodes, by the role of the node. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from n8n_scraper.replica import vocabulary
from n8n_scraper.replica.catalogue import NodeKind

Parameters = dict[str, Any]


def parameters(rng: random.Random, kind: NodeKind) -> Parameters:
    short = kind.type.rpartition(".")[2]
    make = _BY_TYPE.get(short) or _BY_ROLE.get(kind.role, _empty)
    return make(rng, kind)


def _empty(rng: random.Random, kind: NodeKind) -> Parameters:
    return {}


def _code(rng: random.Random, kind: NodeKind) -> Parameters:
    field = rng.choice(("address", "title", "amount", "updated"))
    lines = [
        "// Runs once for all items",
        "const out = [];",
        "for (const item of $input.all()) {",
        f"  const value = item.json.{field} ?? '';",
        f"  if (!value || value.length < {rng.randint(2, 40)}) continue;",
        f"  out.push({{ json: {{ ...item.json, {field}: value.trim() }} }});",
        "}",
    ]
    for name in rng.sample(("count", "sum", "first", "last", "longest"), k=rng.randint(1, 5)):
        lines.append(f"const {name} = out.reduce((kept, item) => kept + (item.json.{name} || 0), {rng.randint(0, 9)});")
        lines.append(f"console.log(`{name} of {{{{ {field} }}}}: ${{{name}}}`);")
    return {"jsCode": "\n".join([*lines, "return out;"])}


def _http(rng: random.Random, kind: NodeKind) -> Parameters:
    place = rng.choice(("records", "search", "files"))
    return {
        "url": f"=https://api.example.com/v{rng.randint(1, 4)}/{place}/{{{{ $json.id }}}}",
        "method": rng.choice(("GET", "POST", "PATCH")),
        "options": {"timeout": rng.randrange(5000, 60000, 500), "redirect": {"redirect": {}}},
        "sendHeaders": True,
        "headerParameters": {"parameters": [{"name": "Accept", "value": "application/json"}]},
        "jsonBody": '={\n  "text": "{{ $json.title }}",\n  "limit": ' + str(rng.randint(1, 100)) + "\n}",
    }


def _fields(rng: random.Random, kind: NodeKind) -> Parameters:
    names = rng.sample(("id", "title", "author", "language", "folder", "amount", "due", "address", "status"), k=4)
    fields = [
        {"id": f"{rng.getrandbits(64):016x}", "name": n, "type": "string", "value": f"={{{{ $json.{n} }}}}"}
        for n in names
    ]
    return {"options": {}, "assignments": {"assignments": fields}}


def _condition(rng: random.Random, kind: NodeKind) -> Parameters:
    condition = {
        "id": f"{rng.getrandbits(64):016x}",
        "operator": {"type": "number", "operation": rng.choice(("gt", "lt", "equals"))},
        "leftValue": "={{ $json.score }}",
        "rightValue": rng.choice((7, 0.5, 100, -1)),
    }
    options = {"version": 2, "leftValue": "", "caseSensitive": True, "typeValidation": "strict"}
    return {"options": {}, "conditions": {"options": options, "combinator": "and", "conditions": [condition]}}


def _switch(rng: random.Random, kind: NodeKind) -> Parameters:
    names = rng.sample(("urgent", "normal", "later", "spam", "unknown"), k=2)
    return {
        "rules": {"values": [{"outputKey": n, "renameOutput": True, **_condition(rng, kind)} for n in names]},
        "options": {},
    }


def _schedule(rng: random.Random, kind: NodeKind) -> Parameters:
    return {"rule": {"interval": [{"triggerAtHour": rng.randint(0, 23), "triggerAtMinute": rng.randint(0, 59)}]}}


def _webhook(rng: random.Random, kind: NodeKind) -> Parameters:
    return {"path": f"{rng.getrandbits(64):016x}", "options": {}, "httpMethod": "POST", "responseMode": "responseNode"}


def _action(rng: random.Random, kind: NodeKind) -> Parameters:
    words = rng.sample(vocabulary.THINGS, k=3)
    schema = [
        {
            "id": word,
            "type": "string",
            "display": True,
            "required": False,
            "displayName": word.title(),
            "defaultMatch": False,
        }
        for word in words
    ]
    return {
        "resource": rng.choice(("record", "message", "file")),
        "operation": rng.choice(("append", "create", "update", "getAll", "send")),
        "documentId": {"__rl": True, "mode": "list", "value": "", "cachedResultName": words[0].title()},
        "columns": {
            "value": {w: f"={{{{ $json['{w}'] }}}}" for w in words},
            "schema": schema,
            "mappingMode": "defineBelow",
        },
        "text": f"=New {words[1]}: {{{{ $json.title }}}}\n\n{rng.choice(vocabulary.REMARKS)}",
        "options": {},
    }


def _agent(rng: random.Random, kind: NodeKind) -> Parameters:
    remarks = "\n".join(f"- {text}" for text in rng.sample(vocabulary.REMARKS, k=4))
    message = f"=You look after {rng.choice(vocabulary.THINGS)}.\n\n## Rules\n{remarks}\n\nAnswer in JSON only."
    return {"text": "={{ $json.chatInput }}", "options": {"systemMessage": message}, "promptType": "define"}


def _model(rng: random.Random, kind: NodeKind) -> Parameters:
    model = rng.choice(("small", "large", "mini"))
    return {
        "model": {"__rl": True, "mode": "list", "value": model},
        "options": {"temperature": rng.choice((0, 0.2, 0.7))},
    }


def _parser(rng: random.Random, kind: NodeKind) -> Parameters:
    return {
        "jsonSchemaExample": '{\n  "title": "A title",\n  "score": '
        + str(rng.randint(1, 10))
        + ',\n  "tags": ["one"]\n}'
    }


_BY_ROLE: dict[str, Callable[[random.Random, NodeKind], Parameters]] = {
    "action": _action,
    "agent": _agent,
    "model": _model,
    "parser": _parser,
}
_BY_TYPE: dict[str, Callable[[random.Random, NodeKind], Parameters]] = {
    "code": _code,
    "httpRequest": _http,
    "set": _fields,
    "if": _condition,
    "filter": _condition,
    "switch": _switch,
    "scheduleTrigger": _schedule,
    "webhook": _webhook,
}
